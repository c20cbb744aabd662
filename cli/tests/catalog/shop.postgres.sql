-- What the catalog of a PostgreSQL database can hold. The names are odd on purpose.
CREATE EXTENSION citext;
CREATE EXTENSION tablefunc;
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA "od""d.S'";
CREATE SCHEMA hr;
CREATE COLLATION ignoring (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE ROLE auditor LOGIN PASSWORD 'wörd:/@%s3cret';

CREATE TABLE customers (id int PRIMARY KEY, dropped text, name varchar(20), email text UNIQUE,
    mail citext UNIQUE, upper_name text GENERATED ALWAYS AS (upper(name)) STORED);
ALTER TABLE customers DROP COLUMN dropped;
ALTER TABLE customers ADD COLUMN late numeric(10,2)[];
REVOKE ALL ON customers FROM public;
CREATE TABLE hr.salaries (person int, year int, amount money,
    PRIMARY KEY (person, year) DEFERRABLE, UNIQUE (year, person) INCLUDE (amount));
CREATE TABLE "od""d.S'"."T💣.x" ("a ""b" int, "C" text COLLATE ignoring UNIQUE,
    d text COLLATE ignoring, e text);
CREATE UNIQUE INDEX ON "od""d.S'"."T💣.x" (d COLLATE "C");
CREATE UNIQUE INDEX ON "od""d.S'"."T💣.x" (e COLLATE "POSIX");
CREATE UNIQUE INDEX ON "od""d.S'"."T💣.x" ("a ""b") WHERE e IS NULL;
CREATE UNIQUE INDEX ON "od""d.S'"."T💣.x" (lower(e));
CREATE UNIQUE INDEX ON "od""d.S'"."T💣.x" (e text_pattern_ops, "a ""b");
CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (extra int) INHERITS (parent);
CREATE UNLOGGED TABLE empty ();
CREATE TEMPORARY TABLE fleeting (id int);
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE remote (id int, ssn text) SERVER far;

CREATE VIEW contacts (who, "at ""x") AS SELECT name, email FROM customers WHERE id > 0;
CREATE VIEW deep AS
    SELECT c.who, s.amount, row_number() OVER (ORDER BY s.amount) AS n
    FROM contacts c LEFT JOIN hr.salaries s ON s.person = 1
    WHERE c.who = ANY (ARRAY['a', 'b']) AND c.who ILIKE 'x%';
CREATE MATERIALIZED VIEW totals AS
    SELECT person, sum(amount) AS total, string_agg(year::text, ', ') FILTER (WHERE year > 2000) AS years
    FROM hr.salaries GROUP BY person;
CREATE VIEW sys AS
    SELECT relname, (SELECT count(*) FROM pg_class) AS n FROM pg_class WHERE relkind = 'r'::"char";
CREATE VIEW cte AS
    WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x WHERE n < 3)
    SELECT * FROM x, LATERAL (SELECT upper(name) FROM customers WHERE id = n) q,
        jsonb_to_recordset('[]'::jsonb) AS j (a int);

-- A body that is text means what the caller's path makes of it; one that is bound may be read.
CREATE FUNCTION plain(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION stable_lie(a int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION bound(a int) RETURNS int RETURN a + 1;
CREATE FUNCTION bound_named(t text, n int) RETURNS text
    BEGIN ATOMIC SELECT lower(t) || CASE WHEN n > 1 THEN repeat(t, n) ELSE '' END; END;
CREATE FUNCTION bound_operator(a int, b int) RETURNS int RETURN a OPERATOR(pg_catalog.+) b;
CREATE FUNCTION bound_nothing() RETURNS void BEGIN ATOMIC END;
CREATE FUNCTION bound_reads() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM customers; END;
CREATE FUNCTION bound_system() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM pg_authid; END;
CREATE FUNCTION bound_calls(a int) RETURNS int RETURN plain(a);
CREATE FUNCTION bound_file(a text) RETURNS text RETURN pg_read_file(a);
CREATE FUNCTION bound_default(a text DEFAULT pg_read_file('/etc/hostname')) RETURNS text RETURN a;
CREATE DOMAIN checked AS int CHECK (plain(VALUE) > 0);
CREATE FUNCTION bound_domain(a int) RETURNS int RETURN (a::checked)::int;
CREATE OPERATOR @@+ (FUNCTION = plain, RIGHTARG = int);
CREATE FUNCTION bound_user_operator(a int) RETURNS int RETURN @@+ a;
CREATE SEQUENCE counter;
CREATE FUNCTION bound_sequence() RETURNS bigint RETURN nextval('counter');
CREATE FUNCTION lower(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION over(a int) RETURNS int RETURN a;
CREATE FUNCTION over(a text) RETURNS int LANGUAGE sql AS 'DELETE FROM customers; SELECT 1';
CREATE PROCEDURE archive() LANGUAGE sql AS 'DELETE FROM customers';
CREATE AGGREGATE agg (int) (SFUNC = int4pl, STYPE = int);
-- Who owns a part of an extension can change it.
CREATE FUNCTION citext_of_a_stranger(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION citext_of_a_stranger OWNER TO auditor;
ALTER EXTENSION citext ADD FUNCTION citext_of_a_stranger;
