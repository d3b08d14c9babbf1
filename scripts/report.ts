// `npm run report -- --date 2026-11-21` is `homing report --date 2026-11-21`.
process.argv.splice(2, 0, 'report');
await import('../src/cli.ts');
