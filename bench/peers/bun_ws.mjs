// Rooms over a plain WebSocket (the wire `join-room`) on Bun, whose WebSocket is uWebSockets.
//
// There are two ways to tell the others in a room, and neither is always the faster one: to send to each member, or, with
// ROOMS=topics, to publish on a topic of Bun's, which gathers what is published until its loop comes round.

const room = process.env.ROOMS === 'topics' ? topics() : members();

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  fetch(request, server) {
    if (server.upgrade(request, { data: { room: undefined, user: undefined } })) return undefined;
    return new Response('not found', { status: 404 });
  },
  websocket: {
    perMessageDeflate: false,
    maxPayloadLength: 1_000_000,
    message(socket, data) {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return fail(socket, 'not JSON');
      }
      if (message?.type === 'join-room') return join(socket, message);
      if (message?.type === 'leave-room') return leave(socket);
      if (socket.data.room === undefined) return fail(socket, 'join a room first');
      if (message?.sender !== socket.data.user) return fail(socket, 'sender is not yours');
      room.tellOthers(socket, data);
    },
    close: leave,
  },
});

function join(socket, { roomId, sender }) {
  if (typeof roomId !== 'string' || typeof sender !== 'string') return fail(socket, 'roomId and sender are required');
  leave(socket);
  socket.data.room = roomId;
  socket.data.user = sender;
  room.enter(socket);
  socket.send(JSON.stringify({ type: 'join-success', roomId, userId: sender }));
  room.tellOthers(socket, JSON.stringify({ type: 'user-joined', userId: sender }));
}

function leave(socket) {
  if (socket.data.room === undefined) return;
  room.tellOthers(socket, JSON.stringify({ type: 'user-left', userId: socket.data.user }));
  room.exit(socket);
  socket.data.room = undefined;
}

function fail(socket, message) {
  socket.send(JSON.stringify({ type: 'error', message }));
}

function topics() {
  return {
    enter: (socket) => socket.subscribe(socket.data.room),
    exit: (socket) => socket.unsubscribe(socket.data.room),
    tellOthers: (socket, data) => socket.publish(socket.data.room, data),
  };
}

function members() {
  const rooms = new Map(); // room -> Set of sockets
  return {
    enter(socket) {
      const found = rooms.get(socket.data.room);
      if (found) found.add(socket);
      else rooms.set(socket.data.room, new Set([socket]));
    },
    exit(socket) {
      const found = rooms.get(socket.data.room);
      found.delete(socket);
      if (found.size === 0) rooms.delete(socket.data.room);
    },
    tellOthers(socket, data) {
      for (const member of rooms.get(socket.data.room)) {
        if (member !== socket) member.send(data);
      }
    },
  };
}
