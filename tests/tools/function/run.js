// Architect's sandbox with the service behind its API Gateway, HTTP and WebSocket, on the loopback interface alone.
// FUNCTION_ENV is the function's environment, as JSON.
require("@architect/sandbox").start({ cwd: __dirname, host: "127.0.0.1", quiet: true, env: JSON.parse(process.env.FUNCTION_ENV) }).catch((error) => {
  console.error(error);
  process.exit(1);
});
