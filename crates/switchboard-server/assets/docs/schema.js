/* Schemas, as people read them. */

import { make } from '../dom.js';
import { aside, code, line, table } from './prose.js';

/** What kind of value it is, with links to the schemas it names. */
export function kind(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return [make('a', { href: `#schema-${name}` }, name)];
  }
  const kinds = [schema.type ?? 'anything'].flat().map((type) => {
    if (type === 'array') return ['array of ', ...kind(schema.items ?? {})];
    if (type === 'object' && schema.additionalProperties) return ['object of ', ...kind(schema.additionalProperties)];
    return [schema.format && type !== 'null' ? `${type} (${schema.format})` : type];
  });
  return kinds.flatMap((words, n) => (n === 0 ? words : [' or ', ...words]));
}

/** The bounds on a value, in words. */
export function bounds(schema) {
  const words = [];
  const add = (value, text) => value !== undefined && words.push(text(value));
  add(schema.enum, (values) => values.join(', '));
  add(schema.minimum, (least) => `at least ${least}`);
  add(schema.maximum, (most) => `at most ${most}`);
  add(schema.minLength, (least) => (least === 1 ? 'not empty' : `at least ${least} characters`));
  add(schema.maxLength, (most) => `at most ${most} characters`);
  add(schema.default, (value) => `default ${value}`);
  return words.join('; ');
}

export function schemaCard(name, schema) {
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    [code(name)],
    kind(member),
    [...line(member.description ?? ''), aside(bounds(member))],
  ]);
  return make(
    'article',
    { className: 'card', id: `schema-${name}` },
    make('h3', {}, name),
    make('p', { className: 'soft' }, ...line(schema.description ?? '')),
    schema.properties ? table(members) : make('p', {}, ...kind(schema), aside(bounds(schema))),
  );
}
