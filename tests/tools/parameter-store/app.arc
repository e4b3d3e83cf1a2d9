@app
cloudia

@plugins
secrets
  src secrets.js
