/** A worker that ticks: timers of a page in the background are slowed down, a worker's are not. */

onmessage = ({ data: interval }) => setInterval(() => postMessage(null), interval);
