"""What PostgreSQL can do beyond what the suite takes for granted of every database."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements


class Requirements(SuiteRequirements):
    """The suite's own requirements, these switched on."""


OPEN = """
    array_type autocommit binary_comparisons binary_literals check_constraint_reflection
    comment_reflection comment_reflection_full_unicode computed_columns
    computed_columns_stored constraint_comment_reflection
    cross_schema_fk_reflection ctes ctes_on_dml ctes_with_update_delete date_historic
    datetime_historic datetime_interval datetime_timezone delete_from delete_returning
    deferrable_fks empty_inserts except_ expressions_against_unbounded_text fetch_expression
    fetch_first fetch_no_order_by fetch_ties
    fk_constraint_option_reflection_ondelete_restrict
    fk_constraint_option_reflection_onupdate_restrict foreign_key_constraint_option_reflection_ondelete
    foreign_key_constraint_option_reflection_onupdate identity_columns identity_columns_standard
    index_reflects_included_columns indexes_with_ascdesc indexes_with_expressions infinity_floats
    inline_check_constraint_reflection insert_executemany_returning insert_from_select
    insert_returning insertmanyvalues intersect json_type materialized_views
    multivalues_inserts named_constraints nullsordering on_update_cascade
    precision_numerics_enotation_large precision_numerics_enotation_small
    precision_numerics_many_significant_digits reflect_indexes_with_ascdesc
    reflect_indexes_with_expressions reflects_pk_names json_deserializer_binary regexp_match regexp_replace savepoints
    schema_create_delete schema_reflection schemas self_referential_foreign_keys sequences
    sequences_optional server_defaults server_side_cursors sql_expression_limit_offset
    supports_bitwise_and supports_bitwise_not supports_bitwise_or supports_bitwise_shift
    supports_bitwise_xor supports_distinct_on supports_is_distinct_from
    table_value_constructor temp_table_names temp_table_reflection temporary_tables temporary_views
    time_timezone tuple_in tuple_in_w_empty two_phase_transactions unbounded_varchar
    unicode_connections unicode_data unicode_ddl unique_constraint_reflection
    unique_constraints_reflect_as_index update_from update_returning uuid_data_type
    view_column_reflection view_reflection views window_functions
""".split()

for name in OPEN:
    assert hasattr(SuiteRequirements, name), name
    setattr(Requirements, name, property(lambda self: exclusions.open()))
