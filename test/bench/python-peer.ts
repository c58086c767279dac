/** A Python program that the engines are compared with: it answers one JSON line per JSON line, and computes nothing unless it is asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Waiting threads that spin take the cores from whoever is measured next. */
const environment = {
  OMP_WAIT_POLICY: 'PASSIVE',
  GOMP_SPINCOUNT: '0',
  KMP_BLOCKTIME: '0',
  TOKENIZERS_PARALLELISM: 'false',
};

export class PythonPeer {
  private readonly name: string;
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private said = '';

  constructor(name: string, python: string, program: string, threads: number) {
    this.name = name;
    this.child = spawn(python, [program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, OMP_NUM_THREADS: String(threads) },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString()).slice(-4000);
    });
    this.child.on('error', (error) => {
      this.said += error.message;
    });
    if (this.child.stdout === null) throw new Error('no standard output');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error with what Python said when it could not answer */
  async ask(request: { readonly do: string }): Promise<object> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended: ${this.said}`);
    const answer = JSON.parse(value) as object | { error: string };
    if ('error' in answer) throw new Error(`${this.name} failed at “${request.do}”: ${answer.error}\n${this.said}`);
    return answer;
  }

  dispose(): void {
    this.child.kill();
  }
}
