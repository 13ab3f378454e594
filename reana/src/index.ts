/** The plug-ins of the extension. */

import core from './plugins/core';
import drive from './plugins/drive';
import panel from './plugins/panel';
import runs from './plugins/runs';

export default [core, drive, panel, runs];
