// node-postgres through the proxy: `clients.cjs NAME` runs one check; the environment leads the way.
'use strict';

const assert = require('node:assert/strict');
const { Client, Pool } = require('pg');

const SECRETS = ['ada@example.com', 'grace@example.com', '555-0101', '4111 1111'];

function clean(value) {
  const text = JSON.stringify(value);
  for (const secret of SECRETS) assert(!text.includes(secret), `${secret} came through: ${text}`);
  return value;
}

async function session(work, settings = {}) {
  const client = new Client(settings);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function denied(promise) {
  const error = await promise.then(
    (result) => assert.fail(`not denied: ${JSON.stringify(result.rows)}`),
    (error) => error,
  );
  assert.equal(error.code, '42501', `${error.stack}`);
  return error;
}

const checks = {
  async rows_are_masked() {
    await session(async (db) => {
      const { rows } = await db.query(
        'SELECT id, name, email, phone, card, visits FROM customers WHERE id <= 2 ORDER BY id',
      );
      clean(rows);
      assert.deepEqual(rows.map((row) => [row.id, row.name, row.visits]), [[1, 'Ada', 3], [2, 'Grace', 5]]);
    });
  },

  async parameters_and_binary_rows_are_masked() {
    await session(async (db) => {
      const text = 'SELECT id, email, card, aliases FROM customers WHERE id = $1';
      for (const binary of [false, true]) {
        const { rows } = await db.query({ text, values: [1], binary, rowMode: 'array' });
        clean(rows.map((row) => row.map(String)));
        assert.equal(rows.length, 1);
      }
    });
  },

  async named_statements_are_masked_each_time() {
    await session(async (db) => {
      for (let n = 0; n < 8; n++) {
        const { rows } = await db.query({
          name: 'by-id',
          text: 'SELECT email, card FROM customers WHERE id = $1',
          values: [1 + (n % 2)],
        });
        clean(rows);
        assert.equal(rows.length, 1);
      }
    });
  },

  async a_denial_says_why_and_the_session_goes_on() {
    await session(async (db) => {
      for (const query of ['DROP TABLE orders', { text: 'DROP TABLE orders', values: [] }]) {
        const error = await denied(db.query(query));
        assert.equal(error.severity, 'ERROR');
        assert.match(error.detail, /tables-stay/);
        assert.equal(error.hint, "That is the database team's work.");
        assert.equal((await db.query('SELECT 40 + 2 AS n')).rows[0].n, 42);
      }
    });
  },

  async a_denial_aborts_the_transaction() {
    await session(async (db) => {
      await db.query('BEGIN');
      await db.query("INSERT INTO letters VALUES (5001, 'x')");
      await denied(db.query('DROP TABLE orders'));
      const after = await db.query('SELECT 1').catch((error) => error);
      assert.equal(after.code, '25P02');
      await db.query('ROLLBACK');
      const { rows } = await db.query('SELECT count(*)::int AS n FROM letters WHERE id = 5001');
      assert.equal(rows[0].n, 0);
    });
  },

  async queued_queries_answer_in_order() {
    await session(async (db) => {
      const queries = [];
      for (let n = 0; n < 60; n++) {
        queries.push(
          n % 3 === 1
            ? denied(db.query('DROP TABLE orders')).then(() => 'denied')
            : db.query('SELECT $1::int AS n', [n]).then(({ rows }) => rows[0].n),
        );
      }
      const found = await Promise.all(queries);
      assert.deepEqual(found, found.map((_, n) => (n % 3 === 1 ? 'denied' : n)));
    });
  },

  async a_pool_works() {
    const pool = new Pool({ max: 8 });
    try {
      const all = Array.from({ length: 100 }, (_, n) => pool.query('SELECT $1::int AS n', [n]));
      assert.deepEqual((await Promise.all(all)).map(({ rows }) => rows[0].n), all.map((_, n) => n));
    } finally {
      await pool.end();
    }
  },

  async notices_and_errors_are_masked() {
    await session(async (db) => {
      const told = [];
      db.on('notice', (notice) => told.push([notice.message, notice.detail]));
      await db.query('INSERT INTO letters VALUES (5100, $1)', ['ada@example.com']);
      assert.equal(told.length, 1);
      clean(told);
      const error = await db
        .query("INSERT INTO customers (id, name, email) VALUES (92, 'x', 'ada@example.com')")
        .catch((error) => error);
      assert.equal(error.code, '23505', error.message);
      clean([error.message, error.detail]);
    });
  },

  async what_is_held_is_refused_with_a_ticket() {
    await session(async (db) => {
      const error = await denied(db.query('DELETE FROM drafts WHERE id = 10'));
      assert.ok(JSON.parse(error.detail).ticket, error.detail);
    });
  },

  async a_wrong_token_is_refused() {
    const error = await session(() => 'in', { password: 'wrong' }).catch((error) => error);
    assert.ok(error instanceof Error, 'it came in');
    assert.match(String(error.code), /^28/);
  },
};

checks[process.argv[2]]().catch((error) => {
  console.error(error);
  process.exit(1);
});
