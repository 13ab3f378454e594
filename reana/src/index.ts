/** The plug-ins of the extension. */

import actions from './plugins/actions';
import core from './plugins/core';
import drive from './plugins/drive';
import follow from './plugins/follow';
import launch from './plugins/launch';
import panel from './plugins/panel';
import runs from './plugins/runs';
import status from './plugins/status';
import validation from './plugins/validation';

export default [core, panel, runs, actions, launch, validation, follow, status, drive];
