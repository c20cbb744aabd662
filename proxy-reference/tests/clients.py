"""psycopg through the proxy: `clients.py NAME` runs one check; the environment leads the way.

Every check stands alone, in a session of its own.
"""

import json
import os
import sys
import threading
import time

import psycopg
from psycopg.rows import dict_row

SECRETS = ["ada@example.com", "grace@example.com", "555-0101", "4111 1111", "1815"]


def connect(**settings):
    return psycopg.connect(**settings)


def clean(value):
    text = repr(value)
    for secret in SECRETS:
        assert secret not in text, f"{secret} came through: {text}"
    return value


def denied(run):
    """Runs what must be denied; the error."""
    try:
        result = run()
    except psycopg.errors.InsufficientPrivilege as error:
        assert error.sqlstate == "42501", error.sqlstate
        return error
    raise AssertionError(f"not denied: {result!r}")


def check_rows_are_masked():
    with connect() as db:
        for binary in (False, True):
            cursor = db.cursor(binary=binary, row_factory=dict_row)
            rows = cursor.execute(
                "SELECT id, name, email, phone, card, aliases, visits FROM customers WHERE id <= %s ORDER BY id", [2]
            ).fetchall()
            clean(rows)
            assert [row["id"] for row in rows] == [1, 2], rows
            assert [row["visits"] for row in rows] == [3, 5], rows
            assert rows[0]["name"] == "Ada", rows


def check_json_and_dates_are_masked():
    with connect() as db:
        for binary in (False, True):
            cursor = db.cursor(binary=binary)
            for sql in ("SELECT notes::text FROM customers ORDER BY id", "SELECT born FROM customers ORDER BY id"):
                clean(cursor.execute(sql).fetchall())
            try:
                clean(cursor.execute("SELECT notes FROM customers ORDER BY id").fetchall())
            except (ValueError, psycopg.DataError) as error:
                # A masked document may be no JSON any more; it must not be the old one.
                clean(error)


def check_prepared_statements_are_masked_each_time():
    with connect(prepare_threshold=0) as db:
        for _ in range(8):
            row = db.execute("SELECT email, card FROM customers WHERE id = %s", [1]).fetchone()
            clean(row)
            assert row[0], row


def check_server_side_cursors_are_masked():
    with connect() as db:
        with db.cursor(name="walk") as cursor:
            cursor.itersize = 1
            cursor.execute("SELECT id, email FROM customers ORDER BY id LIMIT 3")
            rows = clean(list(cursor))
            # Where the columns of a cursor are not known, all are masked.
            assert [row[0] for row in rows] in ([1, 2, 3], [None] * 3), rows


def check_a_denial_says_why():
    with connect(autocommit=True) as db:
        error = denied(lambda: db.execute("DROP TABLE orders"))
        assert error.diag.severity == "ERROR", error.diag.severity
        detail = json.loads(error.diag.message_detail)
        assert detail.get("rule") == "tables-stay" or "tables-stay" in str(detail), detail
        assert detail.get("decision") or detail.get("decision_id"), detail
        assert error.diag.message_hint == "That is the database team's work.", error.diag.message_hint
        assert db.execute("SELECT 40 + 2").fetchone() == (42,)


def check_a_denial_aborts_the_transaction():
    with connect() as db:
        db.execute("INSERT INTO letters VALUES (2001, 'x')")
        denied(lambda: db.execute("DROP TABLE orders"))
        assert db.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        try:
            db.execute("SELECT 1")
            raise AssertionError("the transaction goes on")
        except psycopg.errors.InFailedSqlTransaction:
            pass
        db.rollback()
        assert db.execute("SELECT count(*) FROM letters WHERE id = 2001").fetchone() == (0,)
        with db.transaction():
            db.execute("INSERT INTO letters VALUES (2002, 'x')")
            try:
                with db.transaction():
                    db.execute("DROP TABLE orders")
            except psycopg.errors.InsufficientPrivilege:
                pass
        assert db.execute("SELECT count(*) FROM letters WHERE id = 2002").fetchone() == (1,)


def check_pipelines_keep_step():
    with connect(autocommit=True) as db:
        with db.pipeline():
            cursors = [db.execute("SELECT %s::int", [n]) for n in range(50)]
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(50))
        with db.pipeline() as pipeline:
            first = db.execute("SELECT 1")
            pipeline.sync()
            second = db.execute("DROP TABLE orders")
            skipped = db.execute("SELECT 2")
            denied(pipeline.sync)
            third = db.execute("SELECT email FROM customers WHERE id = 1")
        assert first.fetchone() == (1,)
        for cursor in (second, skipped):
            try:
                raise AssertionError(f"not refused: {cursor.fetchall()}")
            except psycopg.Error:
                pass
        assert len(clean(third.fetchall())) == 1
        assert db.execute("SELECT 40 + 2").fetchone() == (42,)


def check_many_rows_go_in():
    with connect() as db:
        with db.cursor() as cursor:
            cursor.executemany("INSERT INTO letters VALUES (%s, %s)", [(3000 + n, f"r{n}") for n in range(200)])
        found = db.execute("SELECT count(*) FROM letters WHERE id BETWEEN 3000 AND 3199").fetchone()
        assert found == (200,), found


def check_copy_gives_nothing_away():
    with connect(autocommit=True) as db:
        for sql in ("COPY customers TO STDOUT", "COPY (SELECT email FROM customers) TO STDOUT (FORMAT binary)"):
            data = b""
            try:
                with db.cursor().copy(sql) as copy:
                    for block in copy:
                        data += bytes(block)
            except psycopg.errors.InsufficientPrivilege:
                pass
            clean(data)
            assert db.execute("SELECT 40 + 2").fetchone() == (42,)


def check_notices_and_errors_are_masked():
    with connect(autocommit=True) as db:
        told = []
        db.add_notice_handler(lambda notice: told.append((notice.message_primary, notice.message_detail)))
        db.execute("INSERT INTO letters VALUES (4000, %s)", ["ada@example.com"])
        assert told, told
        clean(told)
        try:
            db.execute("INSERT INTO customers (id, name, email) VALUES (91, 'x', %s)", ["ada@example.com"])
            raise AssertionError("no error")
        except psycopg.errors.UniqueViolation as error:
            clean((str(error), error.diag.message_detail))


def check_a_query_is_cancelled():
    with connect(autocommit=True) as db:
        threading.Timer(0.4, db.cancel).start()
        start = time.monotonic()
        try:
            db.execute("SELECT count(*) FROM generate_series(1, 1000000000) a")
            raise AssertionError("it ran to its end")
        except psycopg.errors.QueryCanceled:
            pass
        assert time.monotonic() - start < 10
        assert db.execute("SELECT 40 + 2").fetchone() == (42,)


def check_what_is_held_is_refused_with_a_ticket():
    with connect(autocommit=True) as db:
        error = denied(lambda: db.execute("DELETE FROM drafts WHERE id = %s", [9]))
        assert json.loads(error.diag.message_detail).get("ticket"), error.diag.message_detail
        assert db.execute("SELECT count(*) FROM drafts WHERE id = 9").fetchone() == (1,)


def check_a_wrong_token_is_refused():
    try:
        connect(password="wrong")
    except psycopg.OperationalError as error:
        assert "wrong" not in str(error), error
        assert os.environ["PGPASSWORD"] not in str(error), error
        return
    raise AssertionError("it came in")


def check_many_sessions_at_once():
    failures = []

    def work(n):
        try:
            with connect(autocommit=True) as db:
                for k in range(20):
                    assert db.execute("SELECT %s::int + 1", [n * 100 + k]).fetchone() == (n * 100 + k + 1,)
                    if k % 5 == 0:
                        denied(lambda: db.execute("DROP TABLE orders"))
        except Exception as error:  # noqa: BLE001: it is told below
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=[n]) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


if __name__ == "__main__":
    globals()["check_" + sys.argv[1]]()
