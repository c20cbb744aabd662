//! Rights: GRANT, REVOKE, roles, policies.

use sqlparser::ast::{
    AlterPolicyOperation, AlterRoleOperation, GrantObjects, Privileges, Statement,
};

use super::flow::Names;
use super::walk::Walk;
use crate::facts::{Effect, Op, Path, TargetKind};

impl<'a> Walk<'_, 'a> {
    /// Statements about who may do what; anything else is not covered.
    pub(super) fn rights(&mut self, statement: &Statement, names: &Names<'_, 'a>) {
        self.part.may |= Effect::Privilege;
        if let Statement::Grant(grant) = statement {
            self.granted(&grant.privileges, grant.objects.as_ref());
            self.finish_plain(Op::Grant, "GRANT");
        } else if let Statement::Revoke(revoke) = statement {
            self.granted(&revoke.privileges, revoke.objects.as_ref());
            self.finish_plain(Op::Grant, "REVOKE");
        } else if let Statement::CreateRole(role) = statement {
            for name in &role.names {
                let path = self.plain_path(name);
                self.object(TargetKind::Role, path);
            }
            self.finish_plain(Op::Grant, "CREATE ROLE");
        } else if let Statement::AlterRole { name, operation } = statement {
            let path = Path::exact([self.fold(name)]);
            self.object(TargetKind::Role, path);
            match operation {
                AlterRoleOperation::RenameRole { role_name: _ }
                | AlterRoleOperation::AddMember { member_name: _ }
                | AlterRoleOperation::DropMember { member_name: _ }
                | AlterRoleOperation::WithOptions { options: _ } => {}
                AlterRoleOperation::Set { config_name, config_value: _, in_database: _ } => {
                    let name = self.parts(config_name).unwrap_or_default().join(".");
                    self.part.may |= super::settings::effects(&name);
                    self.part.may |= Effect::Persistence | Effect::ParserState;
                }
                AlterRoleOperation::Reset { config_name: _, in_database: _ } => {
                    self.part.may |=
                        Effect::Persistence | Effect::ParserState | Effect::AuditTamper;
                }
            }
            self.finish_plain(Op::Grant, "ALTER ROLE");
        } else if let Statement::CreatePolicy(policy) = statement {
            let path = self.named(&policy.table_name).path;
            self.object(TargetKind::Table, path);
            for expr in policy.using.iter().chain(&policy.with_check) {
                self.defined_expr(expr, names);
            }
            self.define("CREATE POLICY", Effect::Schema.into());
        } else if let Statement::AlterPolicy(policy) = statement {
            let path = self.named(&policy.table_name).path;
            self.object(TargetKind::Table, path);
            match &policy.operation {
                AlterPolicyOperation::Rename { new_name: _ } => {}
                AlterPolicyOperation::Apply { to: _, using, with_check } => {
                    for expr in using.iter().chain(with_check) {
                        self.defined_expr(expr, names);
                    }
                }
            }
            self.define("ALTER POLICY", Effect::Schema.into());
        } else if let Statement::DropPolicy(policy) = statement {
            let path = self.named(&policy.table_name).path;
            self.object(TargetKind::Table, path);
            self.part.may |= Effect::Schema | Effect::Destroy;
            self.finish_plain(Op::Destroy, "DROP POLICY");
        } else {
            self.not_covered();
        }
    }

    fn granted(&mut self, privileges: &Privileges, objects: Option<&GrantObjects>) {
        match privileges {
            Privileges::All { with_privileges_keyword: _ } | Privileges::Actions(_) => {}
        }
        let Some(objects) = objects else {
            // Membership of a role.
            self.object(TargetKind::Role, Path::dynamic());
            return;
        };
        match objects {
            GrantObjects::Tables(names) | GrantObjects::Views(names) => {
                for name in names {
                    let path = self.named(name).path;
                    self.object(TargetKind::Table, path);
                }
            }
            GrantObjects::Sequences(names) => self.all_of(TargetKind::Sequence, names),
            GrantObjects::Schemas(names)
            | GrantObjects::AllSequencesInSchema { schemas: names }
            | GrantObjects::AllTablesInSchema { schemas: names }
            | GrantObjects::AllFunctionsInSchema { schemas: names } => {
                let all = !matches!(objects, GrantObjects::Schemas(_));
                self.all_of(TargetKind::Schema, names);
                if all {
                    for name in names {
                        let mut path = self.plain_path(name);
                        path.0.push(crate::facts::Segment::Glob("*".into()));
                        let tables = matches!(objects, GrantObjects::AllTablesInSchema { .. });
                        let kind = if tables { TargetKind::Table } else { TargetKind::Other };
                        self.object(kind, path);
                    }
                }
            }
            GrantObjects::Databases(names) => self.all_of(TargetKind::Database, names),
            GrantObjects::Procedure { name, arg_types: _ }
            | GrantObjects::Function { name, arg_types: _ } => {
                self.all_of(TargetKind::Function, std::slice::from_ref(name));
            }
            GrantObjects::Users(names) => self.all_of(TargetKind::Role, names),
            GrantObjects::AllViewsInSchema { schemas: names }
            | GrantObjects::AllMaterializedViewsInSchema { schemas: names }
            | GrantObjects::AllExternalTablesInSchema { schemas: names }
            | GrantObjects::FutureTablesInSchema { schemas: names }
            | GrantObjects::FutureViewsInSchema { schemas: names }
            | GrantObjects::FutureExternalTablesInSchema { schemas: names }
            | GrantObjects::FutureMaterializedViewsInSchema { schemas: names } => {
                self.all_of(TargetKind::Schema, names);
                self.all_in(TargetKind::Table, names);
            }
            GrantObjects::FutureSequencesInSchema { schemas: names } => {
                self.all_of(TargetKind::Schema, names);
                self.all_in(TargetKind::Sequence, names);
            }
            GrantObjects::FutureSchemasInDatabase { databases: names } => {
                self.all_of(TargetKind::Database, names);
                self.all_in(TargetKind::Schema, names);
            }
            GrantObjects::Integrations(names)
            | GrantObjects::Connections(names)
            | GrantObjects::ExternalVolumes(names) => self.all_of(TargetKind::Host, names),
            GrantObjects::Warehouses(names)
            | GrantObjects::ResourceMonitors(names)
            | GrantObjects::ComputePools(names)
            | GrantObjects::FailoverGroup(names)
            | GrantObjects::ReplicationGroup(names) => self.all_of(TargetKind::Other, names),
        }
    }

    /// Everything of a kind inside these.
    fn all_in(&mut self, kind: TargetKind, names: &[sqlparser::ast::ObjectName]) {
        for name in names {
            let mut path = self.plain_path(name);
            path.0.push(crate::facts::Segment::Glob("*".into()));
            self.object(kind, path);
        }
    }

    fn all_of(&mut self, kind: TargetKind, names: &[sqlparser::ast::ObjectName]) {
        for name in names {
            let path = self.plain_path(name);
            self.object(kind, path);
        }
    }
}
