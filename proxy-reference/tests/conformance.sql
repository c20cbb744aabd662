-- A database with one of everything that pg_dump writes, and values that a codec may trip over. No
-- PL/pgSQL: what is not read is never allowed, so its functions are restored with an approval only.
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'so-so', 'glücklich');
CREATE TYPE shop.address AS (street text, zip varchar(10));
CREATE DOMAIN shop.email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE shop.numbers START 1000 INCREMENT 7;
CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email shop.email UNIQUE,
    mood shop.mood DEFAULT 'so-so',
    home shop.address,
    tags text[] DEFAULT '{}',
    notes jsonb,
    settings hstore,
    photo bytea,
    balance numeric(12, 2) CHECK (balance > -1000),
    ratio double precision,
    born date,
    seen timestamptz,
    span tstzrange,
    token uuid,
    doubled numeric GENERATED ALWAYS AS (balance * 2) STORED
);
INSERT INTO shop.customers (name, email, mood, home, tags, notes, settings, photo, balance, ratio, born, seen, span, token)
SELECT CASE i % 7 WHEN 0 THEN E'tab\there\nand a line' WHEN 1 THEN E'back\\slash' WHEN 2 THEN '漢字 €' WHEN 3 THEN '\N' WHEN 4 THEN '' WHEN 5 THEN '"quoted", ''twice''' ELSE repeat('long ', i) END,
       'user' || i || '@example.com',
       (ARRAY['sad', 'so-so', 'glücklich']::shop.mood[])[i % 3 + 1],
       ROW ('Street ' || i, lpad(i::text, 5, '0'))::shop.address,
       ARRAY['a', NULL, 'c,' || i, '{}'],
       jsonb_build_object('i', i, 'deep', jsonb_build_array(1, NULL, 'x')),
       hstore('key', i::text),
       decode(lpad(to_hex(i), 8, '0'), 'hex'),
       i * 1.25, CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE i / 3.0 END,
       DATE '1970-01-01' + i, TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL '1 hour',
       CASE WHEN i % 4 = 0 THEN NULL ELSE tstzrange(TIMESTAMPTZ '2024-01-01 00:00:00+00', NULL) END,
       md5(i::text)::uuid
  FROM generate_series(1, 2000) i;
INSERT INTO shop.customers (name) VALUES (repeat('wide', 100000));
CREATE TABLE shop.orders (
    id integer PRIMARY KEY DEFAULT nextval('shop.numbers'),
    customer bigint REFERENCES shop.customers ON DELETE CASCADE,
    placed date NOT NULL
) PARTITION BY RANGE (id);
CREATE TABLE shop.orders_low PARTITION OF shop.orders FOR VALUES FROM (0) TO (5000);
CREATE TABLE shop.orders_high PARTITION OF shop.orders DEFAULT;
INSERT INTO shop.orders (customer, placed) SELECT i, DATE '2024-01-01' + i FROM generate_series(1, 1500) i;
CREATE INDEX orders_by_customer ON shop.orders (customer) INCLUDE (placed);
CREATE UNIQUE INDEX customers_by_name ON shop.customers (lower(left(name, 50)), id) WHERE balance > 10;
CREATE VIEW shop.happy AS SELECT id, name FROM shop.customers WHERE mood = 'glücklich';
CREATE MATERIALIZED VIEW shop.totals AS SELECT mood, count(*), sum(balance) FROM shop.customers GROUP BY mood;
CREATE FUNCTION shop.shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) || '!' $$;
CREATE RULE quiet AS ON DELETE TO shop.happy DO INSTEAD NOTHING;
CREATE AGGREGATE shop.joined(text) (sfunc = textcat, stype = text, initcond = '');
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_see ON shop.customers USING (true);
COMMENT ON TABLE shop.customers IS 'people; "quoted" and ''quoted''';
GRANT SELECT ON shop.happy TO PUBLIC;
