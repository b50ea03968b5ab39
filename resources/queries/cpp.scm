; inherits: c

(class_specifier name: (type_identifier) @name body: (_)) @definition.class
(namespace_definition name: (_) @name) @definition.namespace
(concept_definition name: (identifier) @name) @definition.type
(alias_declaration name: (type_identifier) @name) @definition.type
(function_definition declarator: [
  (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
  (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
  (reference_declarator (function_declarator declarator: [(identifier) (field_identifier) (operator_name)] @name))
]) @definition.function
(function_definition declarator: [
  (function_declarator declarator: (qualified_identifier
    scope: (_) @parent name: [(identifier) (destructor_name) (operator_name)] @name))
  (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier
    scope: (_) @parent name: (identifier) @name)))
  (reference_declarator (function_declarator declarator: (qualified_identifier
    scope: (_) @parent name: [(identifier) (operator_name)] @name)))
]) @definition.method
(field_declaration declarator: [
  (function_declarator declarator: [(field_identifier) (operator_name)] @name)
  (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
  (reference_declarator (function_declarator declarator: [(field_identifier) (operator_name)] @name))
]) @definition.method

(call_expression function: (qualified_identifier name: (identifier) @reference))
(call_expression function: (qualified_identifier scope: (namespace_identifier) @reference))
(call_expression function: (template_function name: (identifier) @reference))
(new_expression type: (type_identifier) @reference)
(base_class_clause (type_identifier) @reference)
(base_class_clause (qualified_identifier name: (type_identifier) @reference))
(template_type name: (type_identifier) @reference)
(type_descriptor type: (type_identifier) @reference)
