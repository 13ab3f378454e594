// Shows the description of the API with Swagger UI.
"use strict";

const place = document.getElementById("swagger");
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  // A token is for this page, and forgotten with it.
  persistAuthorization: false,
  validatorUrl: null,
});
