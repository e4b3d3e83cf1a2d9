// The function is compiled: a program called bootstrap, as those of Lambda's custom runtimes are.
module.exports = { set: { runtimes: () => ({ name: "cloudia", type: "compiled", build: "." }) } };
