/** Names that several parts must agree on. */

export const FILE_TYPE = 'dlaaw';
export const FACTORY = 'Workflow';
export const TEXT_EDITOR = 'Editor';
export const EXTENSION = '.dlaaw';
/** In the command palette. */
export const CATEGORY = 'Workflows';

export namespace Commands {
  export const create = 'dlaaw-nb:create';
  export const run = 'dlaaw-nb:run';
  export const stop = 'dlaaw-nb:stop';
  export const addFile = 'dlaaw-nb:add-file';
  export const showSidebar = 'dlaaw-nb:show-sidebar';
}
