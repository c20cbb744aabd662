//! SELECTs over the catalog's tables: every way for a value to reach a column, through every kind
//! of FROM, under every kind of restriction.

/// Relations that are called `c` and have the columns of `customers`; what stands before them.
const RELATIONS: &[(&str, &str)] = &[
    ("", "customers c"),
    ("", "public.customers AS c"),
    ("", "customers AS c(id, ssn, email, name)"),
    ("", "(SELECT * FROM customers) c"),
    ("", "(SELECT id, ssn AS name, email, name AS ssn FROM customers) c"),
    ("", "(SELECT * FROM customers UNION ALL SELECT id, ssn, name, email FROM customers) c"),
    ("", "(SELECT * FROM customers EXCEPT SELECT id, note, note, note FROM orders) c"),
    ("", "(VALUES (1, 'a', 'b', 'c')) AS c(id, name, email, ssn)"),
    ("", "customers c JOIN orders o ON o.customer_id = c.id"),
    ("", "orders o RIGHT JOIN customers c ON o.id = c.id AND o.note LIKE 'mk%'"),
    ("", "hr.salaries s JOIN (customers c CROSS JOIN order_lines l) ON s.person = c.id"),
    ("", "customers c, LATERAL (SELECT c.ssn AS note FROM orders o WHERE o.id = c.id) l"),
    (
        "",
        "orders o, LATERAL (SELECT o.id, o.note AS name, o.note AS email, k.ssn FROM customers k \
          WHERE k.id = o.customer_id) c",
    ),
    ("WITH c AS (SELECT * FROM customers)", "c"),
    ("WITH c(id, name, email, ssn) AS (SELECT id, email, ssn, name FROM customers)", "c"),
    ("WITH customers AS (SELECT id, name, email, name AS ssn FROM customers)", "customers c"),
    (
        "WITH RECURSIVE c AS (SELECT id, name, email, ssn FROM customers WHERE id = 1 UNION ALL \
         SELECT k.id, k.ssn, c.name, c.email FROM customers k, c WHERE k.id = c.id + 1)",
        "c",
    ),
    (
        "",
        "(SELECT id, max(name) AS name, min(email) AS email, string_agg(ssn, ',') AS ssn \
          FROM customers GROUP BY id) c",
    ),
    (
        "",
        "(SELECT DISTINCT ON (id) id, name, lag(email) OVER (ORDER BY id) AS email, ssn \
          FROM customers ORDER BY id, ssn) c",
    ),
];

/// Values of one row.
const VALUES: &[&str] = &[
    "c.name",
    "c.ssn",
    "c.*",
    "c",
    "c::text",
    "(c).ssn",
    "(c).*",
    "ssn(c)",
    "row_to_json(c)",
    "to_jsonb(c) ->> 'email'",
    "ROW(c.name, c.email)",
    "upper(c.ssn)",
    "left(c.ssn, 3)",
    "length(c.name)",
    "md5(c.ssn)",
    "c.name || ':' || c.email",
    "concat(c.name, c.ssn)",
    "format('%s', c.email)",
    "coalesce(c.email, c.name)",
    "nullif(c.name, c.email)",
    "greatest(c.name, c.ssn)",
    "CASE WHEN c.ssn LIKE 'mk%' THEN c.name ELSE c.email END",
    "CASE c.name WHEN 'x' THEN 1 ELSE 2 END",
    "c.ssn IS NULL",
    "c.ssn = 'mkcustomersssn1'",
    "c.ssn LIKE 'mk%' AND c.id > 1",
    "c.id + 1",
    "ARRAY[c.name, c.ssn]",
    "(ARRAY[c.name, c.ssn])[2]",
    "json_build_object('a', c.ssn)",
    "(SELECT max(q.note) FROM orders q WHERE q.customer_id = c.id)",
    "(SELECT c.ssn)",
    "(SELECT k.ssn FROM customers k WHERE k.id = c.id)",
    "EXISTS (SELECT 1 FROM orders q WHERE q.note = 'mkordersnote1' AND q.customer_id = c.id)",
    "c.id IN (SELECT q.id FROM orders q WHERE q.note LIKE 'mk%')",
    "ARRAY(SELECT q.note FROM orders q WHERE q.id = c.id ORDER BY 1)",
    "row_number() OVER (ORDER BY c.ssn)",
    "max(c.ssn) OVER (PARTITION BY c.name)",
    "first_value(c.ssn) OVER (ORDER BY c.email, c.id)",
    "count(*) FILTER (WHERE c.ssn LIKE 'mk%') OVER ()",
    "substring(c.ssn from 3 for 4)",
    "overlay(c.name placing c.ssn from 2)",
    "position('k' in c.ssn)",
    "regexp_replace(c.name, '1', c.email)",
];

/// Restrictions and orders of rows.
const TAILS: &[&str] = &[
    "",
    "WHERE c.id < 3",
    "WHERE c.email LIKE 'mk%'",
    "WHERE c.id IN (SELECT q.customer_id FROM orders q WHERE q.note LIKE 'mk%')",
    "ORDER BY c.ssn, c.id LIMIT 1",
];

/// Values of many rows.
const AGGREGATES: &[&str] = &[
    "count(*)",
    "count(c.ssn)",
    "count(DISTINCT c.email)",
    "max(c.ssn)",
    "string_agg(c.ssn, ',' ORDER BY c.id)",
    "json_agg(c)",
    "array_agg(c.name ORDER BY c.ssn)",
    "bool_or(c.ssn LIKE 'mk%')",
    "max(c.name) FILTER (WHERE c.ssn LIKE 'mk%')",
    "sum(c.id)",
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY c.ssn)",
];

/// What groups the rows.
const GROUPS: &[&str] = &[
    "",
    "GROUP BY c.name",
    "GROUP BY c.id HAVING max(c.email) LIKE 'mk%'",
    "GROUP BY ROLLUP (c.email)",
];

/// Every SELECT.
pub(crate) fn selects() -> Vec<String> {
    let mut out = Vec::new();
    let tailed = |values: &'static [&'static str], tails: &'static [&'static str]| {
        RELATIONS.iter().flat_map(move |(with, relation)| {
            let pairs =
                values.iter().flat_map(move |value| tails.iter().map(move |tail| (value, tail)));
            pairs.map(move |(value, tail)| {
                format!("{with} SELECT {value} AS v FROM {relation} {tail}").trim().to_owned()
            })
        })
    };
    out.extend(tailed(VALUES, TAILS));
    out.extend(tailed(AGGREGATES, GROUPS));
    // By position: the right side of EXCEPT does not flow.
    for (left, right) in VALUES.iter().zip(VALUES.iter().skip(1)) {
        for word in ["UNION", "UNION ALL", "INTERSECT", "EXCEPT"] {
            let side = |value| format!("SELECT ({value})::text, c.id FROM customers c");
            out.push(format!("{} {word} {}", side(left), side(right)));
        }
    }
    // A star has no other name.
    out.into_iter().map(|text| text.replace(".* AS v", ".*")).collect()
}
