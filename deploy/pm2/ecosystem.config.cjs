// PM2 runs the switchboard binary as it is: no interpreter, no cluster mode.
//
//   pm2 start deploy/pm2/ecosystem.config.cjs
//
// The binary is $SWITCHBOARD_BIN if set, else the first `switchboard` on the PATH. It starts in the directory
// `pm2 start` was called in and reads `.env` and `switchboard.toml` there; PORT in the environment replaces the port.
const fs = require('node:fs');
const path = require('node:path');

function binary() {
  const onPath = (process.env.PATH || '').split(path.delimiter).map((dir) => path.join(dir, 'switchboard'));
  const found = [process.env.SWITCHBOARD_BIN, ...onPath].find((file) => file && fs.existsSync(file));
  if (!found) {
    throw new Error('no switchboard binary: put it on the PATH or set SWITCHBOARD_BIN');
  }
  return path.resolve(found);
}

module.exports = {
  apps: [
    {
      name: 'switchboard',
      script: binary(),
      args: 'serve',
      interpreter: 'none',
      exec_mode: 'fork',
      cwd: process.cwd(),
      env: process.env.PORT ? { PORT: process.env.PORT } : {},

      // PM2 sends SIGINT and kills after this time (ms): longer than the server's timeouts.shutdown (10 s), in which it
      // closes every connection with 1001.
      kill_timeout: 15000,

      // Come back after a crash, ever more slowly. No stop_exit_codes beside it: PM2 would show such a process as
      // waiting for a restart that never comes.
      autorestart: true,
      exp_backoff_restart_delay: 200,

      // The log goes to stderr, so that `pm2 logs switchboard` shows it as switchboard-error.log.
      merge_logs: true,
      vizion: false,
      pmx: false,
    },
  ],
};
