/* A form that asks the server what an operation answers. */

import { make } from '../dom.js';
import { code, line } from './prose.js';
import { bounds } from './schema.js';

/**
 * What may stand in a gap of a path: not `.` or `..`, however written. Browsers take those for steps and ask for another
 * path; other clients can ask for them.
 */
const SEGMENT = { required: true, pattern: String.raw`(?!\.\.?$).*`, title: 'anything but . and .., which no browser can ask for' };

/** @param {Record<string, any>} operation @param {Record<string, any>} description where its schemas are */
export function trial(operation, description) {
  const parameters = operation.parameters ?? [];
  const status = make('span', { className: 'fine', role: 'status' });
  const answer = make('pre', { tabIndex: 0, hidden: true });
  const form = make(
    'form',
    { className: 'trial' },
    ...parameters.map((parameter) => field(parameter, description)),
    make('div', { className: 'ask' }, make('button', { className: 'primary small' }, 'Try it'), status),
    answer,
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const target = address(operation.path, parameters, new FormData(form));
    const started = performance.now();
    try {
      const response = await fetch(target, { method: operation.method.toUpperCase() });
      answer.textContent = await laidOut(response);
      const milliseconds = Math.round(performance.now() - started);
      status.textContent = `${target}: ${response.status} ${response.statusText}, ${milliseconds} ms`;
    } catch (error) {
      answer.textContent = '';
      status.textContent = `${target}: ${error instanceof Error ? error.message : error}`;
    }
    answer.hidden = answer.textContent === '';
  });
  return form;
}

function field(parameter, description) {
  const name = parameter.schema?.$ref?.split('/').pop();
  const schema = (name ? description.components.schemas[name] : parameter.schema) ?? {};
  const about = [parameter.description?.replace(/\.$/, ''), bounds(schema)].filter(Boolean).join('; ');
  return make(
    'label',
    {},
    code(parameter.name),
    make('input', {
      name: parameter.name,
      // A path with a gap is another path; what else is wrong is for the server to say.
      ...(parameter.in === 'path' ? SEGMENT : {}),
      placeholder: String(schema.default ?? ''),
      autocomplete: 'off',
      spellcheck: false,
    }),
    make('span', { className: 'fine' }, ...line(about)),
  );
}

/** Where to ask; relative, so that it holds behind a proxy that serves the page at another path. */
function address(path, parameters, values) {
  const query = new URLSearchParams();
  for (const parameter of parameters) {
    const value = String(values.get(parameter.name) ?? '');
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, () => encodeURIComponent(value));
    else if (value !== '') query.set(parameter.name, value);
  }
  return path.slice(1) + (query.size > 0 ? `?${query}` : '');
}

/** What came, as text. @param {Response} response */
async function laidOut(response) {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return isJson && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
}
