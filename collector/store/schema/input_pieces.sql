-- What is sealed of logged inputs, cut into pieces: a question reads 2,048 rows at once, whole or not at
-- all, and so many large inputs would not fit its memory.
create table input_pieces (
    commit_number bigint not null,
    number bigint not null,
    piece integer not null,
    sealed blob not null
)
