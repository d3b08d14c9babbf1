-- A restore drill makes a database beside the real one and drops it again; run by root when the database is made.
GRANT ALL PRIVILEGES ON `homing\_drill\_%`.* TO 'homing'@'%';
