import { useId, useRef, useState } from 'react';
import {
  Background, BackgroundVariant, ConnectionLineType, Controls, MiniMap, ReactFlow,
  ReactFlowProvider
} from '@xyflow/react';
import type { NodeStatus, Problem } from '../model/types';
import { createPortal } from 'react-dom';
import { ActionsProvider } from './context';
import { Crumbs } from './Crumbs';
import { useKeptFocus } from './focus';
import { Form } from './Form';
import { useForeign } from './foreign';
import { LineEdge } from './LineEdge';
import { NoticeBox } from './NoticeBox';
import { Palette } from './Palette';
import type { CanvasProps } from './props';
import { EndNode, TaskNode } from './TaskNode';
import { TargetChoice } from './TargetChoice';
import { Toolbar } from './Toolbar';
import { useBench } from './bench';
import { toolGroups } from './tools';

const NODES = { task: TaskNode, end: EndNode };
const EDGES = { line: LineEdge };
const NO_STATUS: Record<string, NodeStatus> = {};
const NO_PROBLEMS: Problem[] = [];
/** A map of the whole helps only where not all is seen at once. */
const MAP_FROM = 12;

/** A workflow as a graph that one can change. */
export function Canvas(props: CanvasProps): React.JSX.Element {
  return (
    <ReactFlowProvider>
      <Bench {...props} />
    </ReactFlowProvider>
  );
}

function Bench(props: CanvasProps): React.JSX.Element {
  const { catalogue, readOnly = false, status = NO_STATUS, problems = NO_PROBLEMS } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const bench = useBench({ ...props, readOnly, status, problems, root });
  const [shown, setShown] = useState({ palette: !readOnly, form: true });
  const { document, flow, choice, notice, way } = bench;
  const host = props.formHost ?? null;
  const form = (
    <Form
      document={document} choice={choice} problems={bench.problems} status={bench.status}
      readOnly={readOnly}
    />
  );
  const focus = useKeptFocus(root);
  const foreign = useForeign(props, bench.actions, bench.rootHandlers, root);
  return (
    <ActionsProvider value={bench.actions}>
      <div
        ref={root}
        className={`dlaaw-canvas${readOnly ? ' dlaaw-read-only' : ''}`}
        tabIndex={-1}
        role="application"
        aria-label={`Canvas of ${document.name}`}
        {...bench.rootHandlers}
        {...foreign}
        {...focus}
      >
        <Toolbar groups={toolGroups(props, bench, shown, setShown)}>
          {props.onRun && <TargetChoice {...props} />}
        </Toolbar>
        <Crumbs name={props.document.name} way={way} goTo={bench.goTo} />
        <div className="dlaaw-body">
          {shown.palette && !readOnly && <Palette catalogue={catalogue} />}
          <div className="dlaaw-flow">
            <ReactFlow
              id={id}
              {...flow}
              nodeTypes={NODES}
              edgeTypes={EDGES}
              nodesDraggable={!readOnly}
              nodesConnectable={!readOnly}
              deleteKeyCode={null}
              zoomOnDoubleClick={false}
              connectionLineType={ConnectionLineType.Bezier}
              connectionRadius={28}
              minZoom={0.1}
              maxZoom={2}
              fitView={bench.begins}
              fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
              onlyRenderVisibleElements={document.tasks.length > 300}
              proOptions={{ hideAttribution: true }}
            >
              <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
              <Controls showInteractive={false} showFitView={false} />
              {document.tasks.length >= MAP_FROM && <MiniMap pannable zoomable ariaLabel="Map of the whole workflow" />}
            </ReactFlow>
            {document.tasks.length + document.inputs.length === 0 && (
              <p className="dlaaw-start">
                {readOnly ? 'This workflow is empty.' : 'Drag a task or a layer from the palette here.'}
              </p>
            )}
            <NoticeBox notice={notice} close={bench.closeNotice} />
          </div>
          {host === null ? shown.form && form : createPortal(form, host)}
        </div>
      </div>
    </ActionsProvider>
  );
}
