// Compiled, never run: what the types let through, and what they must not.
import {
  ApprovalRequiredError,
  Guard,
  PolicyDeniedError,
  VERDICTS,
  audit,
  type Facts,
  type Finding,
  type Verdict,
} from 'placet';

const guard = Guard.shipped('baseline', { principal: 'agent:7' });
const decision = guard.decide('SELECT 1', { protocol: 'postgres', resource: { name: 'crm' } });
const verdict: Verdict = decision.verdict;
const facts: Facts = decision.facts;
const same: { a: number } = guard.mask({ a: 1 });
const text: string = guard.mask('x', { format: 'json' });
const bytes: Buffer = guard.mask(Buffer.from('x'));
const findings: Finding[] = guard.scan(bytes);
const runSql = guard.tool(async ({ query }: { query: string }) => [query], { kind: 'postgres', arg: 'query' });
const rows: Promise<string[]> = runSql({ query: 'SELECT 1' });
const resumed: Promise<string[]> = runSql.resume('ticket', { query: 'SELECT 1' });
const plain: number = guard.tool((a: string, b: number) => b, { protocol: 'sqlite', arg: 0 })('SELECT 1', 2);
for (const row of guard.maskRows([{ mail: 'x' }])) row.mail.trim();
async function later(source: AsyncIterable<[string]>) {
  for await (const [cell] of guard.maskRows(source, { columns: ['mail'] })) cell.trim();
}
const state: 'CLOSED_CLEAN' extends typeof report.state ? true : false = true;
declare const report: ReturnType<typeof audit.verify>;
try {
  runSql({ query: 'DROP TABLE t' });
} catch (error) {
  if (error instanceof PolicyDeniedError) error.decision.rules.at(0);
  if (error instanceof ApprovalRequiredError) guard.resume(error.ticket);
}

// @ts-expect-error: no protocol has this name
guard.decide('SELECT 1', { protocol: 'postgresql' });
// @ts-expect-error: a verdict is one of five words
const wrong: Verdict = 'Deny';
// @ts-expect-error: a decision is not made by hand
new (decision.constructor as typeof import('placet').Decision)();
// @ts-expect-error: a tool keeps the arguments of its body
runSql('SELECT 1');
// @ts-expect-error: verdicts cannot be added to
VERDICTS.push('allow');

export { verdict, facts, same, text, findings, rows, resumed, plain, later, state, wrong };
