// A newcomer's three lines: no file, no server, no account, no network.
import { Guard } from 'placet';

const guard = Guard.shipped('baseline');
const runSql = guard.tool(async (sql) => database(sql), { protocol: 'postgres', mask: 'always' });

/** Stands for the driver that the tool had before. */
async function database(sql) {
  return [{ ran: sql, owner: 'ada@example.com' }];
}

console.log(await runSql('SELECT owner FROM repositories'));
await runSql('DELETE FROM repositories').catch((error) => console.log(`${error.code}: ${error.help}`));
