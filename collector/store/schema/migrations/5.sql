-- Schema 4 to 5: inputs are drawn, so that a sample of them stays where there are too many to keep.
alter table inputs add column draw double;
update inputs set draw = random();
create table input_cuts (
    time bigint not null,
    feature varchar not null,
    share double not null
);
