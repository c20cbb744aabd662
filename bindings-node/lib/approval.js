'use strict';

const native = require('./native.js');
const { through, translate, usage } = require('./errors.js');
const { NumberText, typed } = require('./bind.js');

/** Bytes as approvers are shown them: nothing moves a cursor or passes for something else. */
function escape(bytes) {
  const own = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
  return through(() => native.escape(own));
}

/** The salted hash that an approval of a command is bound to. */
function actionHash({ protocol, resource, command, params = [], context = {} }, salt) {
  const own = typeof command === 'string' ? Buffer.from(command, 'utf8') : command;
  const form = {
    protocol,
    resource_kind: resource.kind,
    resource_name: resource.name,
    bytes: Buffer.from(own).toString('base64'),
    params: params.map(typed),
    context,
  };
  return through(() => native.actionHash(JSON.stringify(form), salt));
}

/**
 * Judges the answers to a stored request under these specs and people: how the request stands, what
 * was shown, and an error or `null` for each answer.
 */
function judge(ceremony) {
  const judged = JSON.parse(through(() => native.judge(JSON.stringify(ceremony))));
  const errors = judged.answers.map((failure) => {
    return failure === null ? null : translate(new Error(JSON.stringify(failure)));
  });
  return { ...judged, answers: errors };
}

/** Tickets that wait in a store of held requests. */
function tickets(store) {
  return through(() => native.heldTickets(String(store)));
}

/** What a person is shown before answering. */
function display(store, ticket) {
  return through(() => native.heldDisplay(String(store), String(ticket)));
}

/** Signs an answer to a held request, as `placet approve` and `placet deny` do. */
function answer(store, ticket, { as, key, approve, comment }) {
  if (typeof approve !== 'boolean') {
    throw usage('API036', '`approve` is true or false', 'say which it is: nobody answers by leaving it out');
  }
  through(() => native.answer(String(store), String(ticket), String(as), String(key), approve, comment));
}

module.exports = { tickets, display, answer, escape, actionHash, judge, NumberText };
