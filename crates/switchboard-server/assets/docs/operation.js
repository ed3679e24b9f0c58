/* One operation: what it answers, and a form to try it. */

import { make } from '../dom.js';
import { aside, code, line, paragraphs, table } from './prose.js';
import { kind } from './schema.js';
import { trial } from './trial.js';

export function operationCard(operation, description) {
  const method = make('span', { className: 'method' }, operation.method.toUpperCase());
  return make(
    'article',
    { className: 'card', id: `${operation.method}${operation.path}` },
    make('h3', {}, method, ' ', code(operation.path)),
    make('p', {}, make('strong', {}, ...line(operation.summary ?? ''))),
    ...paragraphs(operation.description),
    table(Object.entries(operation.responses).map(([status, response]) => answer(status, response))),
    trial(operation, description),
  );
}

/** Status, description and shape of an answer. */
function answer(status, response) {
  const shapes = Object.entries(response.content ?? {}).flatMap(([type, content]) =>
    type === 'application/json' ? kind(content.schema ?? {}) : [aside(type)],
  );
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) =>
    aside(code(name), ' ', ...line(header.description ?? '')),
  );
  return [[code(status)], [...line(response.description), ...headers], shapes];
}
