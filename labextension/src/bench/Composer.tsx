/** Canvas and results in one place of the page: in the output of a cell, or in a bare page. */
import { Canvas } from '../canvas';
import type { WorkflowDocument } from '../model/types';
import type { Bench } from './bench';
import { Results } from './Results';
import { useBench } from './use_bench';

export interface ComposerProps {
  document: WorkflowDocument;
  bench: Bench;
  onChange: (document: WorkflowDocument) => void;
  /** What is between the canvas and the results. */
  bar: JSX.Element;
}

export function Composer({ document, bench, onChange, bar }: ComposerProps): JSX.Element {
  const state = useBench(bench);
  const { running, ended, fault, course, preview, layer, code } = state;
  const shows = running || ended || fault || course || preview || layer || code !== null;
  return (
    <div className="dlaaw-composer">
      <div className="dlaaw-composer-canvas">
        <Canvas
          document={document}
          catalogue={state.catalogue}
          onChange={onChange}
          status={state.status}
          problems={state.problems}
        told={state.told}
        sought={state.sought}
        targets={state.targets}
        target={state.target}
        onTarget={name => bench.runOn(name)}
          onSelect={(names, layer) => bench.looking.choose(names, layer)}
          onRun={(what, name) => bench.run(what, name)}
          onStop={() => bench.stop()}
          onLookInto={(task, layer) => bench.looking.into({ task, layer, row: 0 })}
          running={state.running}
        />
      </div>
      {bar}
      {shows && (
        <Results
          state={state}
          own={document.code}
          onTrust={() => bench.trust()}
          onRow={row => bench.looking.atRow(row)}
          onSeek={task => bench.seek(task)}
        />
      )}
    </div>
  );
}
