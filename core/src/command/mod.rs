//! Received bytes become a command: which protocol, which statements, and whether two readings agree.
