//! ALTER TABLE, clause by clause.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, Partition, RenameTableNameKind,
};

use crate::command::Dialect;
use crate::facts::sql::flow::Names;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Op, Role, TargetKind};

impl<'a> Walk<'_, 'a> {
    pub(super) fn alter_table(&mut self, table: &AlterTable, names: &Names<'_, 'a>) {
        if table.location.is_some() || table.on_cluster.is_some() || table.table_type.is_some() {
            self.not_covered();
        }
        let Some(parts) = self.parts(&table.name) else { return self.not_covered() };
        let mut level = Names::inside(names);
        let relation = self.existing(parts, None, Role::Object);
        level.relations.push(relation);
        level.unsure = true;
        self.part.unresolved = true;
        let mut only_owner = !table.operations.is_empty();
        for operation in &table.operations {
            only_owner &= self.alter_operation(operation, &level);
        }
        if only_owner {
            self.finish_plain(Op::Grant, "ALTER TABLE");
        } else {
            self.define("ALTER TABLE", Effect::Schema.into());
        }
    }

    /// One clause of ALTER TABLE; the answer is whether it only gives the table to someone else.
    pub(super) fn alter_operation(
        &mut self,
        operation: &AlterTableOperation,
        names: &Names<'_, 'a>,
    ) -> bool {
        match operation {
            AlterTableOperation::OwnerTo { new_owner: _ } => {
                self.part.may |= Effect::Privilege;
                return true;
            }
            AlterTableOperation::AddConstraint { constraint, not_valid: _ } => {
                self.constraint(constraint, names);
            }
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: _,
                column_def,
                column_position: _,
            } => self.column_definition(column_def, names),
            AlterTableOperation::DropConstraint { if_exists: _, name: _, drop_behavior: _ }
            | AlterTableOperation::DropColumn {
                has_column_keyword: _,
                column_names: _,
                if_exists: _,
                drop_behavior: _,
            }
            | AlterTableOperation::DropPrimaryKey { drop_behavior: _ }
            | AlterTableOperation::DropForeignKey { name: _, drop_behavior: _ } => {
                self.part.may |= Effect::Destroy;
            }
            AlterTableOperation::DisableRowLevelSecurity
            | AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::NoForceRowLevelSecurity => {
                self.part.may |= Effect::Privilege;
            }
            AlterTableOperation::DisableRule { name: _ }
            | AlterTableOperation::DisableTrigger { name: _ }
            | AlterTableOperation::EnableAlwaysRule { name: _ }
            | AlterTableOperation::EnableAlwaysTrigger { name: _ }
            | AlterTableOperation::EnableReplicaRule { name: _ }
            | AlterTableOperation::EnableReplicaTrigger { name: _ }
            | AlterTableOperation::EnableRule { name: _ }
            | AlterTableOperation::EnableTrigger { name: _ } => {
                self.part.may |= Effect::Persistence | Effect::AuditTamper;
            }
            AlterTableOperation::ReplicaIdentity { identity: _ }
            | AlterTableOperation::RenameColumn { old_column_name: _, new_column_name: _ }
            | AlterTableOperation::RenameConstraint { old_name: _, new_name: _ }
            | AlterTableOperation::ValidateConstraint { name: _ }
            | AlterTableOperation::SetLogged
            | AlterTableOperation::SetUnlogged
            | AlterTableOperation::SetOptionsParens { options: _ } => {
                self.part.may |= Effect::Availability;
            }
            AlterTableOperation::AlterColumn { column_name: _, op } => match op {
                AlterColumnOperation::SetNotNull
                | AlterColumnOperation::DropNotNull
                | AlterColumnOperation::DropDefault
                | AlterColumnOperation::AddGenerated { generated_as: _, sequence_options: _ } => {}
                AlterColumnOperation::SetDefault { value } => {
                    self.expr(value, names);
                }
                AlterColumnOperation::SetDataType { data_type: _, using, had_set: _ } => {
                    // Values are converted in place, and what does not fit is lost.
                    self.part.may |= Effect::WriteData | Effect::Destroy;
                    self.exprs(using, names);
                }
            },
            // Snowflake's MODIFY, in which the parser reads a type: also policies of a column.
            AlterTableOperation::ModifyColumn { .. }
                if self.setting.dialect == Dialect::Snowflake =>
            {
                self.head_only();
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.part.may |= Effect::Privilege | Effect::AuditTamper;
                self.dynamic_target();
            }
            AlterTableOperation::RenameTable { table_name } => {
                self.part.may |= Effect::Availability;
                let (RenameTableNameKind::To(name) | RenameTableNameKind::As(name)) = table_name;
                let path = self.named(name).path;
                self.object(TargetKind::Table, path);
            }
            AlterTableOperation::ChangeColumn {
                old_name: _,
                new_name: _,
                data_type: _,
                options,
                column_position: _,
            }
            | AlterTableOperation::ModifyColumn {
                col_name: _,
                data_type: _,
                options,
                column_position: _,
            } => {
                // Values are converted in place, and what does not fit is lost.
                self.part.may |= Effect::WriteData | Effect::Destroy;
                for option in options {
                    self.column_option(option, names);
                }
            }
            AlterTableOperation::DropIndex { name: _ }
            | AlterTableOperation::Algorithm { equals: _, algorithm: _ }
            | AlterTableOperation::Lock { equals: _, lock: _ }
            | AlterTableOperation::AutoIncrement { equals: _, value: _ }
            | AlterTableOperation::DropClusteringKey
            | AlterTableOperation::SuspendRecluster
            | AlterTableOperation::ResumeRecluster
            | AlterTableOperation::Suspend
            | AlterTableOperation::Resume
            | AlterTableOperation::SetTblProperties { table_properties: _ } => {
                self.part.may |= Effect::Availability;
            }
            AlterTableOperation::ClusterBy { exprs }
            | AlterTableOperation::AlterSortKey { columns: exprs } => {
                self.part.may |= Effect::Availability;
                self.exprs(exprs, names);
            }
            AlterTableOperation::AddPartitions { if_not_exists: _, new_partitions } => {
                for partition in new_partitions {
                    self.partition(partition, names);
                }
            }
            AlterTableOperation::DropPartitions { partitions, if_exists: _ } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.exprs(partitions, names);
            }
            AlterTableOperation::RenamePartitions { old_partitions, new_partitions } => {
                self.part.may |= Effect::Availability;
                self.exprs(old_partitions.iter().chain(new_partitions), names);
            }
            AlterTableOperation::AttachPartition { partition } => {
                self.part.may |= Effect::WriteData;
                self.partition(partition, names);
            }
            AlterTableOperation::DetachPartition { partition } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                self.partition(partition, names);
            }
            AlterTableOperation::FreezePartition { partition, with_name: _ }
            | AlterTableOperation::UnfreezePartition { partition, with_name: _ } => {
                self.part.may |= Effect::FsWrite;
                self.partition(partition, names);
            }
            AlterTableOperation::SwapWith { table_name } => {
                self.part.may |= Effect::WriteData | Effect::Destroy;
                let path = self.named(table_name).path;
                self.object(TargetKind::Table, path);
            }
            // It reads files anew from wherever the table lies.
            AlterTableOperation::Refresh { subpath: _ } => {
                self.part.may |= Effect::NetEgress | Effect::FsRead;
            }
            AlterTableOperation::AddProjection { if_not_exists: _, name: _, select: _ } => {
                self.not_covered();
            }
            AlterTableOperation::DropProjection { if_exists: _, name: _ }
            | AlterTableOperation::MaterializeProjection { if_exists: _, name: _, partition: _ }
            | AlterTableOperation::ClearProjection { if_exists: _, name: _, partition: _ } => {
                self.part.may |= Effect::Availability;
            }
        }
        false
    }

    pub(super) fn partition(&mut self, partition: &Partition, names: &Names<'_, 'a>) {
        match partition {
            Partition::Identifier(_) => {}
            Partition::Expr(expr) | Partition::Part(expr) => {
                self.expr(expr, names);
            }
            Partition::Partitions(exprs) => {
                self.exprs(exprs, names);
            }
        }
    }
}
