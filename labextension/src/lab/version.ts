/** What the Python side names as `_model_module` and `_model_module_version`. */
export const MODULE_NAME = 'dlaaw-nb';
export const MODULE_VERSION = '0.1.0';
