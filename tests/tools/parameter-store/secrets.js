// The parameters of the store, by their names: what SECRETS says, as JSON.
module.exports = { deploy: { services: () => JSON.parse(process.env.SECRETS) } };
