// Architect's sandbox for the sake of its Parameter Store, on the loopback interface alone.
// A parameter is called /CloudiaTesting/secrets/NAME.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, typeof port === "object" ? { ...port, host: "127.0.0.1" } : { port, host: "127.0.0.1" }, ...rest.filter((one) => typeof one === "function"));
};

require("@architect/sandbox").start({ cwd: __dirname, quiet: true });
