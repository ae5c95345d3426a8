-- Applied at every start, so each statement must do no harm the second time.

select 'create role digits login' where not exists (select from pg_roles where rolname = 'digits') \gexec
alter role digits password :'password';

select 'create database digits owner digits' where not exists (select from pg_database where datname = 'digits') \gexec
\connect digits
set role digits;
set client_min_messages = warning;

create table if not exists predictions (
  id            bigint generated always as identity primary key,
  at            timestamptz not null default now(),
  pixels        real[] not null check (cardinality(pixels) = 64),
  digit         smallint not null check (digit between 0 and 9),
  probabilities real[] not null check (cardinality(probabilities) = 10),
  replica       text not null
);
