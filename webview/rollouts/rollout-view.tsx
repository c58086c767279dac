/**
 * One answer for reading: what the model saw, what it thought, what it said, and where each point of its reward came from. Only the
 * text scrolls; what judges it keeps its place.
 */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { analysisOf, analysisVersion } from '../../trainer/protocol/analysis.ts';
import { categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import { framesPerPair } from '../../trainer/protocol/evidence.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Annotation, Span } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { Host } from '../host.ts';
import { AnswerLine } from '../rollout/answer-line.tsx';
import { hiddenWords } from '../rollout/blind-labels.ts';
import { frameMentions, outsideText } from '../rollout/completion-pieces.ts';
import { CompletionText } from '../rollout/completion-text.tsx';
import { CommitmentCurve, curveHeight } from '../rollout/evidence/commitment-curve.tsx';
import { RightWithBars, useRightWith } from '../rollout/evidence/right-with.tsx';
import { stripEvidence } from '../rollout/evidence/strip-evidence.tsx';
import { VerdictLine } from '../rollout/evidence/verdict-line.tsx';
import { wordMarks } from '../rollout/evidence/word-marks.ts';
import { type ExactText, ExactTexts, exactCompletion, exactPrompt } from '../rollout/exact-text.tsx';
import { FlagForm } from '../rollout/flag-form.tsx';
import { FlagList } from '../rollout/flag-list.tsx';
import { FrameCanvas } from '../rollout/frame-canvas.tsx';
import { FramePreviewBox } from '../rollout/frame-preview.tsx';
import { type FramePreview, FrameStrip, frameTitle } from '../rollout/frame-strip.tsx';
import { inUpdate } from '../rollout/in-update.ts';
import { markedFlags, markedSuggestions } from '../rollout/marked-flags.ts';
import { QuestionText } from '../rollout/question-text.tsx';
import { RewardLine } from '../rollout/reward-line.tsx';
import { RewardSum } from '../rollout/reward-sum.tsx';
import { ShadeBar } from '../rollout/shade-bar.tsx';
import { entropyRefusal, isEvidence, isOfTokens, plainRefusal, shadeOf } from '../rollout/shades.ts';
import { SuggestionList } from '../rollout/suggestion-list.tsx';
import { temporalReason } from '../rollout/temporal-reason.ts';
import { TokenPopover, tokenPopoverId } from '../rollout/token-popover.tsx';
import { useFetched } from '../rollout/use-fetched.ts';
import { AnalyseAnew } from '../run/analyse-anew.tsx';
import { runControls } from '../run/run-controls.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Icon } from '../ui/icons.tsx';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { useLow } from '../ui/use-narrow.ts';
import type { Read, Reading, TextDocument } from './reading.ts';
import { type ListPlace, RolloutHead } from './rollout-head.tsx';
import styles from './rollout-view.module.css';
import { useBlindLabels } from './use-blind-labels.ts';

interface RolloutViewProps {
  readonly feed: RunFeed;
  readonly host: Host;
  readonly reading: Reading;
  readonly run: RunSummary;
  readonly read: Read;
  /** Of this rollout. */
  readonly annotations: readonly Annotation[];
  /** Where the list is hidden. */
  readonly listPlace: ListPlace | null;
  readonly filteredOut: boolean;
  /** Lines in place of blocks: question, frames, reward. */
  readonly compact: boolean;
  readonly bothStrips: boolean;
  /** Why nothing can be saved now; null when it can. */
  readonly refused: string | null;
  readonly onFlag: () => void;
  /** Names who signs; false where it is no name, which is shown. */
  readonly onSign: (name: string) => Promise<boolean>;
  readonly onCopyLink: () => void;
  readonly onAsk: () => void;
  readonly onAcross: (read: Read) => void;
  readonly onCompare: (read: Read) => void;
  readonly onOpenDocument: (document: TextDocument) => void;
}

/** The element that holds the answer's text, in which a person selects, and the one of its parts that scrolls. */
export const rolloutTextId = 'rollout-text';
export const thinkId = 'rollout-think';

export function RolloutView(props: RolloutViewProps) {
  const { feed, host, reading, run, read, annotations, compact, refused, onAcross, onCompare, onOpenDocument } = props;
  const { group, rollout } = read;
  const { question } = group;
  const exact = useStore(reading.state, (state) => state.exact);
  const isWeighed = useStore(reading.evidence.state, ({ weighing }) => weighing !== null);
  const openText = (name: string, text: string) => onOpenDocument({ name: `${rollout.id} ${name}.txt`, text });
  const copy = (text: string) => host.copy(text).catch((thrown: unknown) => feed.fail(thrown));
  const openRow = () => host.openFile(question.dataset, question.fileRow ?? question.row + 1);
  const became = inUpdate(rollout, group);
  const reason = temporalReason(rollout, group, run.parameters.correctThreshold);
  return (
    <Pane name="rollout" label="Rollout">
      <RolloutHead
        read={read}
        listPlace={props.listPlace}
        filteredOut={props.filteredOut}
        exact={exact}
        onAsk={props.onAsk}
        onAcross={() => onAcross(read)}
        onCompare={() => onCompare(read)}
        onFlag={props.onFlag}
        onCopyLink={props.onCopyLink}
        onOpenDocument={() => openText('completion', rollout.text)}
        onExact={() => reading.showExact(!exact)}
        more={[
          { label: 'Ask again', key: 'e', onPress: props.onAsk },
          { label: 'Copy the completion', onPress: () => void copy(rollout.text) },
          { label: 'Copy the prompt', onPress: () => void copy(group.prompt) },
          { label: 'Both strips of frames', key: 's', onPress: () => reading.showStrips(!props.bothStrips) },
          { label: 'Play the frames', key: 'f', onPress: () => reading.toggleFlip() },
          { label: 'Open the dataset row', onPress: openRow },
        ]}
      />
      {exact ? (
        <Exact {...{ feed, reading, read, refused, copy }} onOpen={({ name, text }) => openText(name, text)} />
      ) : (
        <Body
          {...{ feed, reading, run, read, annotations, compact, refused, openRow, onSign: props.onSign }}
          bothStrips={props.bothStrips}
        />
      )}
      {became && (
        <p class={styles.because} data-part="in-update">
          <Icon name="info" />
          <span>
            <b class="strong">{became.title}</b> <span class="model-text">{became.text}</span>
          </span>
        </p>
      )}
      {reason && !(compact && isWeighed) && (
        <p class={styles.because} data-part="reason">
          <Icon name="clock" />
          <span>
            <b class="strong">{reason.title}</b> {reason.text}
          </span>
        </p>
      )}
    </Pane>
  );
}

interface ExactProps extends Pick<RolloutViewProps, 'feed' | 'reading' | 'read' | 'refused'> {
  readonly copy: (text: string) => void;
  readonly onOpen: (exact: ExactText) => void;
}

function Exact({ feed, reading, read, refused, copy, onOpen }: ExactProps) {
  const tokens = useStore(reading.state, (state) => state.tokens);
  const prompt = useFetched(feed, read.group.id, (groupId) => feed.request('groups/prompt', { groupId }));
  return (
    <ExactTexts
      prompt={prompt && exactPrompt(prompt)}
      completion={tokens && exactCompletion(tokens)}
      order={read.rollout.order}
      unread={refused}
      onCopy={copy}
      onOpen={onOpen}
    />
  );
}

interface BodyProps
  extends Pick<
    RolloutViewProps,
    'feed' | 'reading' | 'run' | 'read' | 'annotations' | 'compact' | 'bothStrips' | 'refused' | 'onSign'
  > {
  readonly openRow: () => void;
}

function Body({ feed, reading, run, read, compact, bothStrips, refused, onSign, openRow, ...props }: BodyProps) {
  const { group, rollout } = read;
  const { question, media } = group;
  const { labels, hidden, why } = useBlindLabels(feed, rollout.id, props.annotations);
  const { frame, flipping, shade, tokens, token, hit, aha } = useStore(reading.state, (state) => state);
  const { flagging, suggesting, evidence: model } = reading;
  const { picked: pickedEvidence } = useStore(model.state, (state) => state);
  const evidence = reading.answerEvidence;
  const { noEvidence } = reading;
  const suggestions = useStore(suggesting.state, (held) => held);
  const { draft, categories } = useStore(flagging.state, (state) => state);
  const named = useMemo(() => categoryNamedIn(categories), [categories]);
  const author = useStore(feed.connection.state, (state) => state.author);
  const frames = useFetched(feed, media.key, (key) => feed.frames(key));
  const [preview, setPreview] = useState<FramePreview | null>(null);
  const [stripFocused, setStripFocused] = useState(false);
  const [pointed, setPointed] = useState<{ readonly token: number; readonly anchor: HTMLElement } | null>(null);
  const text = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => setPreview(null), [media.key]);
  useEffect(() => setPointed(null), [rollout.id, shade]);

  const noEntropy = entropyRefusal(run);
  const tokenShade = isOfTokens(shade) && plainRefusal(shade, tokens, noEntropy) === null ? shade : null;
  const isShaded = tokenShade !== null && tokens !== null;
  const spans = reading.tokenSpans;
  const placed = isShaded || token !== null ? spans : noSpans;
  const { hits } = reading;
  const { start: firstHit } = hits[0] ?? {};
  const marks = useMemo(
    () => ({
      aha: rollout.aha,
      commitments: rollout.commitments ?? [],
      flags: [...markedFlags(labels, named), ...markedSuggestions(suggestions, named)],
      mentions: frameMentions(rollout.text, media),
      tokens: placed,
      hits,
    }),
    [rollout, labels, suggestions, named, media, placed, firstHit, hits.length],
  );
  const stepOf = useMemo(() => (isShaded ? shadeOf(tokenShade, tokens) : null), [isShaded, tokens, tokenShade]);
  const standing = `${run.state} ${run.state === 'paused' ? run.memory : ''}`;
  const right = useRightWith(feed, evidence ? group.id : null, refused, standing);
  const isLow = useLow(lowForRights);
  const words = useMemo(
    () => (evidence ? wordMarks(evidence, shade, pickedEvidence, media.times.length) : []),
    [evidence, shade, pickedEvidence, media],
  );
  const marked = useMemo(() => ({ ...marks, words }), [marks, words]);
  const pickWord = (start: number) => {
    if (!isEvidence(shade)) reading.shade(noEvidence.order === null ? 'order' : 'frames');
    model.toggle({ kind: 'word', start });
  };
  const pickPair = (pair: number) => {
    if (!isEvidence(shade)) reading.shade(noEvidence.frames === null ? 'frames' : 'order');
    model.toggle({ kind: 'pair', pair });
  };
  const ofStrip = bothStrips ? null : stripEvidence(evidence, pickedEvidence, media.times.length, pickPair);
  const pickedStart = pickedEvidence?.kind === 'word' ? pickedEvidence.start : null;
  /* With the page, so that no key that is pressed as soon as the word is seen comes before its focus. */
  useLayoutEffect(() => {
    const word = pickedStart === null ? null : text.current?.querySelector<HTMLElement>(`[data-word="${pickedStart}"]`);
    word?.scrollIntoView({ block: 'nearest' });
    word?.focus({ preventScroll: true });
  }, [pickedStart]);

  useInSight(text, aha && `[data-aha="${aha.start}"]`, aha);
  useInSight(text, hit && `[data-hit="${hit.start}"]`, hit);
  const [chosenToken, setChosenToken] = useState<HTMLElement | null>(null);
  useLayoutEffect(() => {
    const found = token === null ? null : (text.current?.querySelector<HTMLElement>(`[data-token="${token}"]`) ?? null);
    setChosenToken(found);
    if (!found) return;
    found.scrollIntoView({ block: 'nearest' });
    if (!found.hasAttribute('tabindex')) found.tabIndex = -1;
    found.setAttribute('aria-describedby', tokenPopoverId);
    found.focus({ preventScroll: true });
    return () => found.removeAttribute('aria-describedby');
  }, [token, placed]);

  const unseen = why ?? (refused && `Whether you are still to judge it can’t be asked now: ${refused}.`);
  const picked = draft?.span ?? null;
  const onFrame = (chosen: number) => reading.showFrame(chosen);
  const { think, answer } = rollout.parsed;
  const outside = think || answer ? outsideText(rollout.text, think, answer) : '';
  const body = think ?? (answer ? null : { start: 0, end: rollout.text.length });
  const form = draft && (
    <FlagForm
      key={`${rollout.id} ${picked?.start} ${picked?.end}`}
      flagging={flagging}
      text={rollout.text}
      whole="the whole answer"
      fixedUse="it is kept with the verdict, and exports have it"
      refused={refused}
      onSign={author === null ? onSign : null}
    />
  );
  const completion = (within: Span) => (
    <CompletionText
      text={rollout.text}
      within={within}
      marks={marked}
      shade={stepOf}
      token={token}
      picked={picked}
      form={form}
      ahaShown={aha?.start ?? null}
      hitShown={hit?.start ?? null}
      onFrame={onFrame}
      marksRest={isEvidence(shade) && evidence !== null}
      {...(isEvidence(shade) && evidence !== null && { onWord: pickWord })}
    />
  );
  const formBelow = form !== null && (picked === null || (!contains(body, picked) && !contains(answer, picked)));
  const shownToken = pointed ?? (chosenToken && token !== null ? { token, anchor: chosenToken } : null);
  const sharing = shownToken && spans.find((span) => span.tokens[0] === shownToken.token)?.tokens;
  const shownFrame = preview?.frame ?? frame;
  const beside = group.rollouts.filter(({ order }) => order !== rollout.order).length;
  const large = preview ?? ((flipping || stripFocused) && strip.current ? { frame, anchor: strip.current } : null);
  const isVideo = media.kind === 'video';
  const pause = runControls(run, [run], refused).find(({ name }) => name === 'pause');
  const curve = think === null ? null : (evidence?.weighing.commitment ?? null);
  return (
    <div
      ref={text}
      id={rolloutTextId}
      class={styles.body}
      onPointerMove={(event) => {
        const over = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-token]') : null;
        if (over?.dataset.token !== pointed?.anchor.dataset.token || (over === null) !== (pointed === null))
          setPointed(over ? { token: Number(over.dataset.token), anchor: over } : null);
      }}
      onPointerLeave={() => setPointed(null)}
    >
      <VerdictLine
        {...{ model, evidence, refused }}
        standing={standing}
        onWord={pickWord}
        hasKeys
        pause={pause?.refused === null ? () => void feed.command(pause.request) : null}
      />
      <div class={compact ? styles.question : styles.pictured}>
        {(!compact || !isVideo) && (
          <figure
            class={compact ? styles.small : styles.large}
            onPointerMove={(event) => setPreview({ frame: shownFrame, anchor: event.currentTarget })}
            onPointerLeave={() => setPreview(null)}
          >
            <FrameCanvas
              frames={frames}
              index={shownFrame}
              label={frameTitle(media, shownFrame)}
              width={media.width}
              height={media.height}
            />
            {!compact && !evidence && <figcaption>{frameTitle(media, shownFrame)}</figcaption>}
          </figure>
        )}
        <QuestionText {...{ question, media, compact }} onRow={openRow} />
      </div>
      {isVideo && (
        <div ref={strip}>
          <FrameStrip
            key={media.key}
            media={media}
            frames={frames}
            order={rollout.order}
            besideCount={beside}
            both={bothStrips}
            compact={compact}
            selected={frame}
            evidence={ofStrip}
            onSelect={(chosen, place) => {
              onFrame(chosen);
              if (ofStrip && isEvidence(shade)) model.pickPair(Math.floor(place / framesPerPair));
            }}
            onPreview={setPreview}
            onFocused={setStripFocused}
          >
            {compact && !ofStrip && <span>{frameTitle(media, frame).replace(/ \(file.*$/, '')}</span>}
            {media.shuffledOrder && (
              <Tool
                label="Both strips (s)"
                text={
                  <>
                    <kbd>s</kbd> <span class="far">both strips</span>
                  </>
                }
                pressed={bothStrips}
                onPress={() => reading.showStrips(!bothStrips)}
              />
            )}
          </FrameStrip>
        </div>
      )}
      {compact && large && <FramePreviewBox {...{ media, frames }} frame={large.frame} anchor={large.anchor} />}
      <ShadeBar
        title={think ? 'Think' : 'Text'}
        hasAha={rollout.aha.some(({ tier }) => tier > 1)}
        hits={hits.length}
        onShade={(name) => reading.shade(name)}
        {...{ shade, tokens, noEntropy, noEvidence }}
        unread={refused}
      />
      {analysisOf(rollout) < analysisVersion && (
        <AnalyseAnew feed={feed}>
          Aha moments were found by the rules of version {analysisOf(rollout)}; the present ones are version{' '}
          {analysisVersion}.
        </AnalyseAnew>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section id={thinkId} class={styles.think} aria-label={think ? 'Think' : 'Text'} tabIndex={0}>
        {body && (
          <div
            class={`${styles.text} ${curve ? styles.withCurve : ''} model-text`}
            style={curve ? { '--curve-height': `${curveHeight(curve.length)}px` } : undefined}
            data-part="think"
          >
            {curve && <CommitmentCurve {...{ curve }} answer={rollout.answer} />}
            {completion(body)}
          </div>
        )}
        {outside !== '' && (
          <p class={styles.outside}>
            <span class="dim">Outside the tags</span> <span class="model-text">{shownLine(outside, 2000)}</span>
          </p>
        )}
        {formBelow && <div class={styles.formBelow}>{form}</div>}
        <FlagList
          labels={labels}
          whole="the whole answer"
          {...{ named, refused, author }}
          onRetract={(id) => void flagging.retract(id)}
        />
        {hidden > 0 && unseen !== null && <p class={`${styles.others} dim`}>{hiddenWords(hidden, unseen)}</p>}
        <SuggestionList
          suggestions={suggestions}
          text={rollout.text}
          whole="the whole answer"
          {...{ named, refused }}
          isBrief
          onAnswer={(accepted) => void suggesting.answer(accepted)}
        />
      </section>
      <AnswerLine {...{ rollout, question, noEntropy }} threshold={run.parameters.correctThreshold}>
        {answer ? completion(answer) : 'none'}
      </AnswerLine>
      <div class={styles.spare} />
      {evidence && <RightWithBars state={right} isImage={!isVideo} {...{ refused, isLow }} />}
      {compact || evidence ? (
        <RewardLine label="Reward" rollout={rollout} group={group} parameters={run.parameters} />
      ) : (
        <RewardSum rollout={rollout} group={group} parameters={run.parameters} preset={run.preset} />
      )}
      {tokens && shownToken && sharing && (
        <TokenPopover tokens={tokens} shown={sharing} anchor={shownToken.anchor} noEntropy={noEntropy} />
      )}
    </div>
  );
}

/** The highest page, in CSS pixels, on which how often it is right takes a line alone. */
const lowForRights = 789;

const noSpans: Reading['tokenSpans'] = [];

/** Scrolls to what was jumped to, at each jump. */
function useInSight(within: { readonly current: HTMLElement | null }, selector: string | null, jump: unknown): void {
  useEffect(() => {
    if (selector !== null) within.current?.querySelector(selector)?.scrollIntoView({ block: 'center' });
  }, [jump]);
}

function contains(outer: Span | null, inner: Span): boolean {
  return outer !== null && inner.start >= outer.start && inner.end <= outer.end;
}
