/** The room's users: who is here, in which role, and how the connection to them is. */

import { make, part } from './dom.js';
import { t } from './i18n.js';
import { hueOf } from './pattern.js';

/**
 * @param {string} self
 * @param {Iterable<import('./call.js').Peer>} peers
 * @param {Map<string, import('./statistics.js').LinkStatistics>} statistics by peer
 */
export function drawPeople(self, peers, statistics) {
  const others = [...peers];
  part('people-list').replaceChildren(
    person(self, 'connected', [t('people.you')]),
    ...others.map(({ id, role, link }) => {
      const route = link.state === 'connected' ? statistics.get(id)?.route : undefined;
      return person(id, link.state, [role, t(`link.${link.state}`), route && t(`route.${route}`)]);
    }),
  );
  part('people-count').textContent = String(others.length + 1);
  part('people-alone').hidden = others.length > 0;
}

function person(id, state, facts) {
  return make(
    'li',
    { data: { peer: id, state } },
    avatar(id),
    make('span', { className: 'name', textContent: id, title: id }),
    make('span', { className: 'facts', textContent: facts.filter(Boolean).join(' · ') }),
  );
}

/** @param {string} id */
export function avatar(id) {
  const circle = make('span', { className: 'avatar', textContent: [...id][0]?.toUpperCase() ?? '?', aria: { hidden: 'true' } });
  circle.style.setProperty('--hue', String(Math.round(hueOf(id))));
  return circle;
}
