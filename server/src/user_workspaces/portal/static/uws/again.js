// Reloads the page after two seconds: its URL opens the session as soon as it is ready.
"use strict";
setTimeout(() => location.reload(), 2000);
