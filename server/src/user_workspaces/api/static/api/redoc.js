// Shows the description of the API with Redoc.
"use strict";

const place = document.getElementById("redoc");
Redoc.init(place.dataset.description, { disableSearch: false, hideDownloadButton: false }, place);
