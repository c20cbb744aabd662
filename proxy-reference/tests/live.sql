-- The database of the live tests; every value is made up.
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    phone varchar(30),
    card text,
    notes jsonb,
    aliases text[],
    born date,
    visits integer NOT NULL DEFAULT 0
);
INSERT INTO customers VALUES
    (1, 'Ada', 'ada@example.com', '+1-202-555-0101', '4111 1111 1111 1111', '{"mail": "ada@example.com", "n": 1}', '{ada@example.com,none}', '1815-12-10', 3),
    (2, 'Grace', 'grace@example.com', '+1-202-555-0102', '5555 5555 5555 4444', '{"mail": "grace@example.com"}', '{}', '1906-12-09', 5),
    (3, 'Edsger', 'edsger@example.com', NULL, NULL, NULL, NULL, NULL, 0);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer NOT NULL, total integer NOT NULL);
INSERT INTO orders SELECT i, i % 3 + 1, i * 10 FROM generate_series(1, 30) i;
CREATE TABLE drafts (id integer PRIMARY KEY, body text NOT NULL);
INSERT INTO drafts SELECT i, 'draft ' || i FROM generate_series(1, 10) i;
CREATE TABLE letters (id integer PRIMARY KEY, recipient text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'a letter goes to %', NEW.recipient USING DETAIL = 'recipient ' || NEW.recipient;
    RETURN NEW;
END
$$;
CREATE TRIGGER tell BEFORE INSERT ON letters FOR EACH ROW EXECUTE FUNCTION tell();
