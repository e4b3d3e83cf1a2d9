// One conversation over a WebSocket, as npm's ws speaks it: posts a message, prints every frame, and when the answer has
// ended pings once and leaves.   node chat.js URL TOKEN MESSAGE
const WebSocket = require("ws");
const [url, token, message] = process.argv.slice(2);
const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
const limit = setTimeout(() => process.exit(3), 120_000);
socket.on("open", () => socket.send(JSON.stringify({ action: "chat", message, clientId: "mine" })));
socket.on("message", (frame) => {
  console.log(frame.toString());
  const { event } = JSON.parse(frame);
  if (event === "message_completed") socket.send(JSON.stringify({ action: "ping" }));
  if (event === "pong") socket.close();
});
socket.on("close", (code) => {
  clearTimeout(limit);
  process.exit(code === 1005 || code === 1000 ? 0 : 2);
});
socket.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
