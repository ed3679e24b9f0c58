// Rooms over a plain WebSocket (the wire `join-room`) on Node's `ws`.
import { WebSocketServer } from 'ws';

const rooms = new Map(); // room -> Set of sockets

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  backlog: 4096,
  perMessageDeflate: false,
  maxPayload: 1_000_000,
});

server.on('connection', (socket) => {
  socket.on('message', (data) => {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return fail(socket, 'not JSON');
    }
    if (message?.type === 'join-room') return join(socket, message);
    if (message?.type === 'leave-room') return leave(socket);
    if (socket.room === undefined) return fail(socket, 'join a room first');
    if (message?.sender !== socket.user) return fail(socket, 'sender is not yours');
    toOthers(socket, data);
  });
  socket.on('close', () => leave(socket));
  socket.on('error', () => {});
});

function join(socket, { roomId, sender }) {
  if (typeof roomId !== 'string' || typeof sender !== 'string') return fail(socket, 'roomId and sender are required');
  leave(socket);
  socket.room = roomId;
  socket.user = sender;
  const members = rooms.get(roomId);
  if (members) members.add(socket);
  else rooms.set(roomId, new Set([socket]));
  socket.send(JSON.stringify({ type: 'join-success', roomId, userId: sender }));
  toOthers(socket, JSON.stringify({ type: 'user-joined', userId: sender }));
}

function leave(socket) {
  const members = rooms.get(socket.room);
  if (!members) return;
  toOthers(socket, JSON.stringify({ type: 'user-left', userId: socket.user }));
  members.delete(socket);
  if (members.size === 0) rooms.delete(socket.room);
  socket.room = undefined;
}

function toOthers(socket, data) {
  for (const member of rooms.get(socket.room)) {
    if (member !== socket) member.send(data, { binary: false });
  }
}

function fail(socket, message) {
  socket.send(JSON.stringify({ type: 'error', message }));
}
