/** Friendly names, so that a tab is somebody before anybody types. */

const MANNERS = 'amber bold brave bright calm clever coral gentle golden happy jolly keen kind lively lucky mellow merry misty nimble polite proud quick quiet rosy shiny silver sunny swift tidy witty'.split(' ');
const BEINGS = 'badger beaver crane dolphin falcon finch fox gecko heron ibis koala lark lemur lynx marten otter owl panda puffin quail raven robin seal sparrow stork swan tapir tiger turtle wren'.split(' ');

/** @returns {string} such as `calm-otter-27` */
export function friendlyName() {
  const [manner, being, number] = crypto.getRandomValues(new Uint32Array(3));
  return `${MANNERS[manner % MANNERS.length]}-${BEINGS[being % BEINGS.length]}-${10 + (number % 90)}`;
}
