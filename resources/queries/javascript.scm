; inherits: ecma jsx

(class_declaration name: (identifier) @name) @definition.class
(class_heritage (identifier) @reference)
(class_heritage (member_expression property: (property_identifier) @reference))
(field_definition property: (property_identifier) @name) @definition.field
