@app
cloudia

@aws
runtime cloudia
timeout 120

@plugins
runtime
  src runtime.js

@http
/*
  method any
  src .

@ws
connect
  src .
default
  src .
disconnect
  src .
