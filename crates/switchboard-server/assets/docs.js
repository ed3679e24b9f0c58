/* The page at /docs: shows openapi.json, and asks the server what one wants to try. */

import { operationCard } from './docs/operation.js';
import { aside, paragraphs } from './docs/prose.js';
import { schemaCard } from './docs/schema.js';
import { make } from './dom.js';

/** @param {string} selector */
const place = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

try {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  show(await response.json());
} catch (error) {
  const trouble = place('#trouble');
  trouble.textContent = `openapi.json cannot be shown: ${error instanceof Error ? error.message : error}`;
  trouble.hidden = false;
}

function show(description) {
  const { title, version, description: about } = description.info;
  place('#intro').append(make('h1', {}, title), aside(version), ...paragraphs(about));
  for (const [tag, operations] of byTag(description)) {
    const group = description.tags?.find((known) => known.name === tag);
    chapter('#operations', tag, group?.description ?? tag);
    for (const operation of operations) entry('#operations', operation.path, operationCard(operation, description));
  }
  chapter('#schemas', 'schemas', 'What the answers are made of');
  for (const [name, schema] of Object.entries(description.components?.schemas ?? {})) {
    entry('#schemas', name, schemaCard(name, schema));
  }
  // What the address points to is there only now.
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

/** All operations with their paths and methods, by tag. */
function byTag(description) {
  const groups = new Map((description.tags ?? []).map((tag) => [tag.name, []]));
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? 'other';
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, ...operation }]);
    }
  }
  return groups;
}

function chapter(section, name, title) {
  place('nav').append(make('h2', {}, name));
  place(section).append(make('h2', { className: 'group' }, title));
}

function entry(section, name, card) {
  place('nav').append(make('a', { href: `#${card.id}` }, name));
  place(section).append(card);
}
