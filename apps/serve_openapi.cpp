// What /openapi.json answers.
#include "apps/serve_service.h"

namespace vitral::apps {

const std::string& openapi_json() {
  static const std::string text = R"json({
  "openapi": "3.1.0", "info": {"title": "vitral", "version": ")json" VITRAL_VERSION R"json(", "description": "What is in pictures."},
  "paths": {
    "/v1/classify": {
      "post": {
        "summary": "name what is in pictures", "security": [{"bearer": []}, {}],
        "parameters": [
          {
            "name": "topk", "in": "query", "required": false, "description": "classes of a picture",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 5}
          }
        ],
        "requestBody": {"$ref": "#/components/requestBodies/Pictures"},
        "responses": {
          "200": {
            "description": "the record of the picture; of several pictures the array of theirs, in their order",
            "content": {
              "application/json": {
                "schema": {
                  "oneOf": [
                    {"$ref": "#/components/schemas/Classes"},
                    {"type": "array", "items": {"$ref": "#/components/schemas/Classes"}}
                  ]
                }
              }
            }
          },
          "400": {"$ref": "#/components/responses/400"}, "401": {"$ref": "#/components/responses/401"},
          "404": {"$ref": "#/components/responses/404"}, "411": {"$ref": "#/components/responses/411"},
          "413": {"$ref": "#/components/responses/413"}, "503": {"$ref": "#/components/responses/503"}
        }
      }
    },
    "/v1/detect": {
      "post": {
        "summary": "find objects in pictures", "security": [{"bearer": []}, {}],
        "parameters": [
          {
            "name": "conf", "in": "query", "required": false, "description": "least score",
            "schema": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}
          },
          {
            "name": "max_det", "in": "query", "required": false, "description": "objects of a picture at most",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 300}
          }
        ],
        "requestBody": {"$ref": "#/components/requestBodies/Pictures"},
        "responses": {
          "200": {
            "description": "the record of the picture; of several pictures the array of theirs, in their order",
            "content": {
              "application/json": {
                "schema": {
                  "oneOf": [
                    {"$ref": "#/components/schemas/Detections"},
                    {"type": "array", "items": {"$ref": "#/components/schemas/Detections"}}
                  ]
                }
              }
            }
          },
          "400": {"$ref": "#/components/responses/400"}, "401": {"$ref": "#/components/responses/401"},
          "404": {"$ref": "#/components/responses/404"}, "411": {"$ref": "#/components/responses/411"},
          "413": {"$ref": "#/components/responses/413"}, "503": {"$ref": "#/components/responses/503"}
        }
      }
    },
    "/v1/models": {
      "get": {
        "summary": "the network that answers", "security": [{"bearer": []}, {}],
        "responses": {
          "200": {"description": "it is so", "content": {"application/json": {"schema": {"type": "object"}}}},
          "503": {"$ref": "#/components/responses/503"}
        }
      }
    },
    "/metrics": {
      "get": {
        "summary": "figures for Prometheus", "security": [{"bearer": []}, {}],
        "responses": {"200": {"description": "it is so", "content": {"text/plain": {"schema": {"type": "string"}}}}}
      }
    },
    "/openapi.json": {
      "get": {
        "summary": "this description", "security": [{"bearer": []}, {}],
        "responses": {"200": {"description": "it is so", "content": {"application/json": {"schema": {"type": "object"}}}}}
      }
    },
    "/healthz": {
      "get": {
        "summary": "the process is alive", "security": [],
        "responses": {"200": {"description": "it is so", "content": {"application/json": {"schema": {"type": "object"}}}}}
      }
    },
    "/readyz": {
      "get": {
        "summary": "requests are answered", "security": [],
        "responses": {
          "200": {"description": "it is so", "content": {"application/json": {"schema": {"type": "object"}}}},
          "503": {"$ref": "#/components/responses/503"}
        }
      }
    }
  },
  "components": {
    "requestBodies": {
      "Pictures": {
        "required": true, "description": "a JPEG, PNG, BMP or WebP picture, or a form of them",
        "content": {
          "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
          "multipart/form-data": {
            "schema": {
              "type": "object", "required": ["image"],
              "properties": {"image": {"type": "array", "items": {"type": "string", "format": "binary"}}}
            }
          }
        }
      }
    },
    "responses": {
      "400": {
        "description": "no picture, an unsound one, or a bad parameter",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      },
      "401": {
        "description": "the token is missing or wrong",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      },
      "404": {
        "description": "the network has another task",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      },
      "411": {
        "description": "a body without a length",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      },
      "413": {
        "description": "body or picture beyond the limits",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
      },
      "503": {
        "description": "no room, loading or shutting down",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        "headers": {"Retry-After": {"description": "whole seconds", "schema": {"type": "integer"}}}
      }
    },
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    "schemas": {
      "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
      "Classes": {
        "type": "object", "required": ["schema", "source", "size", "classes"],
        "properties": {
          "schema": {"type": "string", "const": "vitral.classes/1"},
          "source": {"type": "string", "description": "the file's name where the form has one"},
          "size": {
            "type": "array", "description": "width and height of the upright picture",
            "items": {"type": "integer"}, "minItems": 2, "maxItems": 2
          },
          "classes": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {"class_id": {"type": "integer"}, "label": {"type": "string"}, "score": {"type": "number"}}
            }
          },
          "timing_ms": {
            "type": "object",
            "properties": {
              "decode": {"type": "number", "description": "milliseconds"},
              "preprocess": {"type": "number", "description": "milliseconds"},
              "forward": {"type": "number", "description": "milliseconds"},
              "postprocess": {"type": "number", "description": "milliseconds"}
            }
          }
        }
      },
      "Detections": {
        "type": "object", "required": ["schema", "source", "size", "detections"],
        "properties": {
          "schema": {"type": "string", "const": "vitral.detections/1"},
          "source": {"type": "string", "description": "the file's name where the form has one"},
          "size": {
            "type": "array", "description": "width and height of the upright picture",
            "items": {"type": "integer"}, "minItems": 2, "maxItems": 2
          },
          "detections": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "class_id": {"type": "integer"}, "category_id": {"type": "integer"},
                "label": {"type": "string"}, "score": {"type": "number"},
                "box": {
                  "type": "object", "description": "pixels of the upright picture",
                  "properties": {
                    "xmin": {"type": "number"}, "ymin": {"type": "number"}, "xmax": {"type": "number"},
                    "ymax": {"type": "number"}
                  }
                }
              }
            }
          },
          "timing_ms": {
            "type": "object",
            "properties": {
              "decode": {"type": "number", "description": "milliseconds"},
              "preprocess": {"type": "number", "description": "milliseconds"},
              "forward": {"type": "number", "description": "milliseconds"},
              "postprocess": {"type": "number", "description": "milliseconds"}
            }
          }
        }
      }
    }
  }
}
)json";
  return text;
}

}  // namespace vitral::apps
