//! The parser's grammar of a dialect, fenced: its work is bounded, and no word that the server
//! reserves begins an expression.

use std::any::TypeId;
use std::cell::Cell;
use std::iter::Peekable;
use std::str::Chars;

use sqlparser::ast::{ColumnOption, Expr, GranteesType, Ident, ObjectNamePart, Statement};
use sqlparser::dialect::{
    Dialect, MsSqlDialect, MySqlDialect, OracleDialect, Precedence, RedshiftSqlDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// A grammar with a fence around it.
///
/// Everything is the inner grammar's but for four things:
/// - `steps`: the parser tries one alternative after the other, and texts are known on which the
///   tries double with every level. Each expression costs a step; without one left, every further
///   expression is an error, so the parser comes back.
/// - a word that cannot begin an expression of the server begins none here. The parser would
///   take it for a column: `SELECT INTO t FROM u` would read a column named `INTO`.
/// - `EXPLAIN` and `PREPARE` hold one statement, not a statement that holds a statement and so on:
///   the parser calls itself without looking at its stack, so few such calls are answered.
/// - how strings and comments end is the guard lexer's.
#[derive(Debug)]
pub(super) struct Fenced<D> {
    inner: D,
    scanning: Scanning,
    steps: Cell<usize>,
    statements: Cell<u8>,
}

/// How a session's texts are cut, where the inner grammar is wrong or cannot know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanning {
    /// Whether a backslash escapes in a plain string.
    pub backslash: bool,
    /// Whether double quotes hold a name, in a dialect where the session decides it.
    pub ansi_quotes: bool,
    /// Whether comments nest.
    pub nested_comments: bool,
}

impl<D> Fenced<D> {
    /// A fence for a statement of `tokens` tokens.
    pub(super) const fn new(inner: D, tokens: usize, scanning: Scanning) -> Self {
        let steps = tokens.saturating_mul(STEPS_A_TOKEN).saturating_add(STEPS_AT_LEAST);
        Self { inner, scanning, steps: Cell::new(steps), statements: Cell::new(MAX_STATEMENTS) }
    }

    #[cfg(test)]
    pub(super) fn steps_left(&self) -> usize {
        self.steps.get()
    }

    /// Whether another statement may begin inside the one that is parsed.
    fn begin_statement(&self) -> bool {
        let left = self.statements.get().checked_sub(1);
        self.statements.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether a step was left to take.
    fn step(&self) -> bool {
        let left = self.steps.get().checked_sub(1);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl<D: Dialect> Fenced<D> {
    fn is_tsql(&self) -> bool {
        self.inner.dialect() == TypeId::of::<MsSqlDialect>()
    }

    /// A literal, or a name that is no keyword and that nothing follows that could make it a type
    /// or a call. The parser would first try every such place as a type.
    fn plain_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let next = parser.peek_token_ref();
        if matches!(next.token, Token::Number(_, _) | Token::SingleQuotedString(_)) {
            return Some(parser.parse_value().map(Expr::Value));
        }
        let Token::Word(word) = &next.token else { return None };
        let plain = word.keyword == Keyword::NoKeyword && !word.value.eq_ignore_ascii_case("xml");
        if !plain || !stands_alone(&parser.peek_nth_token_ref(1).token) {
            return None;
        }
        let name = word.to_ident(next.span);
        parser.advance_token();
        Some(Ok(Expr::Identifier(name)))
    }

    fn is_mysql(&self) -> bool {
        self.inner.dialect() == TypeId::of::<MySqlDialect>()
    }
}

macro_rules! inner {
    ($($name:ident,)*) => { $(fn $name(&self) -> bool { self.inner.$name() })* };
}

impl<D: Dialect> Dialect for Fenced<D> {
    fn supports_string_literal_backslash_escape(&self) -> bool {
        self.scanning.backslash
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        self.is_mysql() || self.inner.supports_parens_around_table_factor()
    }

    fn supports_bang_not_operator(&self) -> bool {
        self.is_mysql() || self.inner.supports_bang_not_operator()
    }

    fn supports_nested_comments(&self) -> bool {
        self.scanning.nested_comments
    }

    fn supports_group_by_expr(&self) -> bool {
        // Redshift's GROUP BY ROLLUP, which the inner grammar takes for a call.
        self.inner.supports_group_by_expr()
            || self.is_tsql()
            || self.inner.dialect() == TypeId::of::<RedshiftSqlDialect>()
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        if !self.step() {
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        if let Token::Word(word) = &parser.peek_token_ref().token
            && word.quote_style.is_none()
            && BEGINS_NO_EXPRESSION.contains(&word.keyword)
        {
            return Some(Err(ParserError::ParserError(String::new())));
        }
        if let Some(expr) = self.plain_prefix(parser) {
            return Some(expr);
        }
        self.inner.parse_prefix(parser)
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        self.inner.parse_infix(parser, expr, precedence)
    }

    fn parse_statement(&self, parser: &mut Parser<'_>) -> Option<Result<Statement, ParserError>> {
        if !self.begin_statement() {
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        self.inner.parse_statement(parser)
    }

    fn parse_column_option(
        &self,
        parser: &mut Parser<'_>,
    ) -> Result<Option<Result<Option<ColumnOption>, ParserError>>, ParserError> {
        self.inner.parse_column_option(parser)
    }

    fn dialect(&self) -> TypeId {
        self.inner.dialect()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' && self.scanning.ansi_quotes && self.is_mysql()
            || self.inner.is_delimited_identifier_start(ch)
    }

    fn is_nested_delimited_identifier_start(&self, _: char) -> bool {
        // Redshift's `[` is a subscript.
        false
    }

    fn peek_nested_delimited_identifier_quotes(
        &self,
        chars: Peekable<Chars<'_>>,
    ) -> Option<(char, Option<char>)> {
        self.inner.peek_nested_delimited_identifier_quotes(chars)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.inner.identifier_quote_style(identifier)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.inner.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.inner.is_identifier_part(ch)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        self.inner.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        self.inner.get_next_precedence(parser)
    }

    fn get_next_precedence_default(&self, parser: &Parser<'_>) -> Result<u8, ParserError> {
        if self.inner.dialect() == TypeId::of::<MySqlDialect>()
            && matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::XOR)
        {
            // Between OR and AND; the parser would let it bind before comparisons.
            return Ok(self.inner.prec_value(Precedence::Or) + 2);
        }
        self.inner.get_next_precedence_default(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.inner.prec_value(precedence)
    }

    fn prec_unknown(&self) -> u8 {
        self.inner.prec_unknown()
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        self.inner.is_reserved_for_identifier(keyword)
    }

    fn get_reserved_keywords_for_select_item_operator(&self) -> &[Keyword] {
        self.inner.get_reserved_keywords_for_select_item_operator()
    }

    fn get_reserved_grantees_types(&self) -> &[GranteesType] {
        self.inner.get_reserved_grantees_types()
    }

    fn is_column_alias(&self, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        self.inner.is_column_alias(keyword, parser)
    }

    fn is_select_item_alias(
        &self,
        explicit: bool,
        keyword: &Keyword,
        parser: &mut Parser<'_>,
    ) -> bool {
        self.inner.is_select_item_alias(explicit, keyword, parser)
    }

    fn is_table_factor(&self, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        self.inner.is_table_factor(keyword, parser)
    }

    fn is_table_alias(&self, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        self.inner.is_table_alias(keyword, parser)
    }

    fn is_table_factor_alias(
        &self,
        explicit: bool,
        keyword: &Keyword,
        parser: &mut Parser<'_>,
    ) -> bool {
        self.inner.is_table_factor_alias(explicit, keyword, parser)
    }

    fn is_identifier_generating_function_name(
        &self,
        ident: &Ident,
        name_parts: &[ObjectNamePart],
    ) -> bool {
        self.inner.is_identifier_generating_function_name(ident, name_parts)
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        self.inner.supports_group_by_with_modifier() || self.is_tsql()
    }

    /// Oracle has them since release 23, and no column of such a name before.
    fn supports_boolean_literals(&self) -> bool {
        self.inner.supports_boolean_literals()
            || self.inner.dialect() == TypeId::of::<OracleDialect>()
    }

    // Every other question of the trait; the test counts them against the parser's source.
    inner! {
        ignores_wildcard_escapes, supports_unicode_string_literal,
        supports_filter_during_aggregation, supports_window_clause_named_window_reference,
        supports_within_after_array_aggregation, supports_partition_by_after_order_by,
        supports_array_join_syntax, supports_alter_user_as_alter_role,
        supports_left_associative_joins_without_parens, supports_outer_join_operator,
        supports_cross_join_constraint, supports_connect_by, supports_execute_immediate,
        supports_match_recognize, supports_in_empty_list, supports_in_unparenthesized_expr,
        supports_start_transaction_modifier, supports_end_transaction_modifier,
        supports_named_fn_args_with_eq_operator, supports_named_fn_args_with_colon_operator,
        supports_named_fn_args_with_assignment_operator,
        supports_named_fn_args_with_rarrow_operator, supports_named_fn_args_with_expr_name,
        supports_numeric_prefix, supports_numeric_literal_underscores,
        supports_window_function_null_treatment_arg, supports_dictionary_syntax,
        support_map_literal_syntax, supports_lambda_functions,
        supports_parenthesized_set_variables, supports_comma_separated_set_assignments,
        supports_update_order_by, supports_select_wildcard_except,
        convert_type_before_value, supports_triple_quoted_string, supports_trailing_commas,
        supports_limit_comma, supports_string_literal_concatenation,
        supports_string_literal_concatenation_with_newline,
        supports_projection_trailing_commas, supports_from_trailing_commas,
        supports_column_definition_trailing_commas,
        supports_object_name_double_dot_notation, supports_struct_literal,
        supports_empty_projections, supports_select_expr_star, supports_from_first_select,
        supports_from_first_insert, supports_pipe_operator, supports_user_host_grantee,
        supports_match_against, supports_select_wildcard_exclude, supports_select_exclude,
        supports_create_table_multi_schema_info_sources, supports_select_modifiers,
        describe_requires_table_keyword, allow_extract_custom, allow_extract_single_quotes,
        supports_extract_comma_syntax, supports_subquery_as_function_arg,
        supports_create_view_comment_syntax, supports_array_typedef_without_element_type,
        supports_values_as_table_factor,
        supports_dollar_placeholder, supports_dollar_as_money_prefix,
        supports_create_index_with_clause, require_interval_qualifier,
        supports_explain_with_utility_options, supports_asc_desc_in_column_definition,
        supports_factorial_operator, supports_bitwise_shift_operators,
        supports_multiline_comment_hints,
        supports_eq_alias_assignment, supports_try_convert,
        supports_listen_notify, supports_exclude_constraint, supports_load_data,
        supports_load_extension, supports_top_before_distinct,
        supports_show_like_before_in, supports_comment_on, supports_create_table_select,
        supports_leading_comma_before_table_options, supports_partiql,
        supports_unpivot_expr, supports_constraint_keyword_without_name,
        supports_key_column_option, supports_table_sample_before_alias, supports_insert_set,
        supports_insert_table_function, supports_insert_table_query, supports_insert_format,
        supports_insert_table_alias, supports_set_stmt_without_operator,
        supports_table_versioning, supports_string_escape_constant, supports_table_hints,
        requires_single_line_comment_whitespace, supports_array_typedef_with_brackets,
        supports_geometric_types, supports_order_by_all, supports_order_by_using_operator,
        supports_set_names, supports_space_separated_column_options,
        supports_alter_column_type_using, supports_comma_separated_drop_column_list,
        supports_notnull_operator, supports_data_type_signed_suffix,
        supports_interval_options, supports_create_table_like_parenthesized,
        supports_semantic_view_table_factor, supports_quote_delimited_string,
        supports_comment_optimizer_hint, supports_double_ampersand_operator,
        supports_binary_kw_as_cast, supports_select_wildcard_replace,
        supports_select_wildcard_ilike, supports_select_wildcard_rename,
        supports_select_wildcard_with_alias, supports_optimize_table, supports_install,
        supports_detach, supports_prewhere, supports_with_fill, supports_limit_by,
        supports_interpolate, supports_settings, supports_select_format,
        supports_comma_separated_trim, supports_cte_without_as,
        supports_select_item_multi_column_alias, supports_xml_expressions,
        supports_aliased_function_args, supports_create_table_using,
        supports_long_type_as_bigint, supports_map_literal_with_angle_brackets,
    }
}

/// Whether a name before this token is a name and nothing else.
fn stands_alone(next: &Token) -> bool {
    matches!(
        next,
        Token::EOF
            | Token::SemiColon
            | Token::Comma
            | Token::RParen
            | Token::Period
            | Token::Eq
            | Token::Neq
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::StringConcat
            | Token::DoubleColon
    )
}

/// Reserved by both servers, and no beginning of an expression.
const BEGINS_NO_EXPRESSION: &[Keyword] = &[
    Keyword::AND,
    Keyword::AS,
    Keyword::CREATE,
    Keyword::ELSE,
    Keyword::EXCEPT,
    Keyword::FROM,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::INTERSECT,
    Keyword::INTO,
    Keyword::LIMIT,
    Keyword::OR,
    Keyword::ORDER,
    Keyword::REFERENCES,
    Keyword::RETURNING,
    Keyword::THEN,
    Keyword::TO,
    Keyword::UNION,
    Keyword::USING,
    Keyword::WHEN,
    Keyword::WHERE,
];

/// Ordinary statements take fewer than two steps a token.
const STEPS_A_TOKEN: usize = 16;

const STEPS_AT_LEAST: usize = 256;

/// `EXPLAIN CREATE TABLE … AS` is two; the rest is for alternatives that are tried and given up.
const MAX_STATEMENTS: u8 = 4;
