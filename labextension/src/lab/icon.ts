import { LabIcon } from '@jupyterlab/ui-components';

import svgstr from '../../style/icons/dlaaw.svg';

export const icon = new LabIcon({ name: 'dlaaw-nb:workflow', svgstr });
