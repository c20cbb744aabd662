"""Base columns of each output column, as sqlglot sees them.

In: one JSON object a line, {"dialect", "schema"} first, then {"sql"} each. Out: one a line, in order:
{"columns": [["schema.table.column", ...], ...]} or {"error": "..."}.
"""

import json
import sys

from sqlglot import exp, parse_one
from sqlglot.lineage import to_node
from sqlglot.optimizer import build_scope, qualify
from sqlglot.schema import ensure_schema


def leaves(node):
    """The base columns below a node."""
    table = node.expression
    if isinstance(table, exp.Table):
        name = exp.to_column(node.name).name
        yield f"{table.db or 'public'}.{table.name}.{name}"
    for below in node.downstream:
        yield from leaves(below)


def lineage(sql, schema, dialect):
    tree = qualify.qualify(parse_one(sql, dialect=dialect), schema=schema, db="public", dialect=dialect)
    scope = build_scope(tree)
    columns = (to_node(index, scope, dialect, schema) for index in range(len(tree.selects)))
    return [sorted(set(leaves(column))) for column in columns]


def main():
    settings = json.loads(sys.stdin.readline())
    dialect = settings["dialect"]
    schema = ensure_schema(settings["schema"], dialect=dialect)
    for line in sys.stdin:
        try:
            answer = {"columns": lineage(json.loads(line)["sql"], schema, dialect)}
        except Exception as error:  # a parser's failure is an answer
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer))


main()
