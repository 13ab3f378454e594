/** The plug-ins of the extension. */

import core from './plugins/core';
import panel from './plugins/panel';

export default [core, panel];
