// Rooms over Socket.IO (the wire `socketio`) on Node's `socket.io`.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { cors: { origin: '*' }, serveClient: false });
const rooms = new Map(); // room -> Map of socket id -> user

io.on('connection', (socket) => {
  socket.emit('connected', { sid: socket.id });

  socket.on('join', ({ userId, roomId } = {}) => {
    if (!userId || !roomId) return fail(socket, 'userId and roomId are required');
    leave(socket);
    socket.data = { userId, roomId };
    socket.join(roomId);
    if (!rooms.has(roomId)) rooms.set(roomId, new Map());
    const members = rooms.get(roomId).set(socket.id, userId);
    socket.emit('joined', { userId, roomId, users: [...members.values()] });
    socket.to(roomId).emit('user-joined', { userId, roomId });
  });

  socket.on('leave', ({ userId, roomId } = {}) => {
    leave(socket);
    socket.emit('leaved', { userId, roomId });
  });

  socket.on('message', (message) => {
    if (message?.roomId === undefined || message.roomId !== socket.data.roomId) return fail(socket, 'not in that room');
    socket.to(message.roomId).emit('message', message);
  });

  socket.on('disconnect', () => leave(socket));
});

function leave(socket) {
  const { userId, roomId } = socket.data;
  if (roomId === undefined) return;
  socket.to(roomId).emit('user-left', { userId, roomId });
  socket.leave(roomId);
  const members = rooms.get(roomId);
  members.delete(socket.id);
  if (members.size === 0) rooms.delete(roomId);
  socket.data = {};
}

function fail(socket, message) {
  socket.emit('error', { message });
}

http.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 });
