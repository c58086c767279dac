/** Loaded before a program whose clock a test moves: SIGUSR2 moves it on by a second, and says so on the standard error. */
const realNow = performance.now.bind(performance);
let movedMs = 0;
performance.now = () => realNow() + movedMs;
process.on('SIGUSR2', () => {
  movedMs += 1000;
  process.stderr.write('the clock was moved on\n');
});
