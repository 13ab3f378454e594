// Looks again after two seconds: the same address leads to the session as soon as it answers.
"use strict";
setTimeout(() => location.reload(), 2000);
