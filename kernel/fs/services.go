package fs

import "strings"

// services is what /etc/services has: a name, a port, t for TCP and u for UDP, and other names. Names and ports are
// those of IANA's "Service Name and Transport Protocol Port Number Registry", with the names that Debian's programs
// are used to.
const services = `tcpmux 1 t
echo 7 tu
discard 9 tu sink null
systat 11 t users
daytime 13 tu
netstat 15 t
qotd 17 t quote
chargen 19 tu ttytst source
ftp-data 20 t
ftp 21 t
ssh 22 t
telnet 23 t
smtp 25 t mail
time 37 tu timserver
whois 43 t nicname
tacacs 49 tu
domain 53 tu
bootps 67 u
bootpc 68 u
tftp 69 u
gopher 70 t
finger 79 t
http 80 t www
kerberos 88 tu kerberos5 krb5 kerberos-sec
pop3 110 t pop-3
sunrpc 111 tu portmapper
auth 113 t authentication tap ident
nntp 119 t readnews untp
ntp 123 u
epmap 135 t loc-srv
netbios-ns 137 u
netbios-dgm 138 u
netbios-ssn 139 t
imap2 143 t imap
snmp 161 tu
snmp-trap 162 tu snmptrap
xdmcp 177 u
bgp 179 t
ptp-event 319 u
ptp-general 320 u
ldap 389 tu
svrloc 427 tu
https 443 tu
snpp 444 t
microsoft-ds 445 tu
kpasswd 464 tu
submissions 465 t ssmtp smtps urd
isakmp 500 u
exec 512 t
biff 512 u comsat
login 513 t
who 513 u whod
shell 514 t cmd syslog
syslog 514 u
printer 515 t spooler
talk 517 u
ntalk 518 u
route 520 u router routed
uucp 540 t uucpd
klogin 543 t
kshell 544 t krcmd
dhcpv6-client 546 u
dhcpv6-server 547 u
afpovertcp 548 t
rtsp 554 tu
nntps 563 t snntp
submission 587 t
syslog-conn 601 t
asf-rmcp 623 u
ipp 631 t
ldaps 636 tu
ldp 646 tu
kerberos-adm 749 t
iscsi 860 t
domain-s 853 tu
rsync 873 t
ftps-data 989 t
ftps 990 t
telnets 992 t
imaps 993 t
pop3s 995 t
socks 1080 t
rmiregistry 1099 t
openvpn 1194 tu
ms-sql-s 1433 t
ms-sql-m 1434 u
l2f 1701 u l2tp
pptp 1723 t
radius 1812 tu
radius-acct 1813 tu radacct
mqtt 1883 tu
ssdp 1900 u
cisco-sccp 2000 t
nfs 2049 tu
docker 2375 t
docker-s 2376 t
etcd-client 2379 t
etcd-server 2380 t
cvspserver 2401 t
iscsi-target 3260 t
mysql 3306 t
ms-wbt-server 3389 tu
stun 3478 tu turn
nut 3493 tu
svn 3690 t subversion
epmd 4369 t
ipsec-nat-t 4500 u
iax 4569 u
sip 5060 tu
sip-tls 5061 tu
xmpp-client 5222 t jabber-client
xmpp-server 5269 t jabber-server
stuns 5349 tu turns
mdns 5353 u
llmnr 5355 tu
postgresql 5432 t postgres
amqps 5671 t
amqp 5672 tu
coap 5683 u
coaps 5684 u
x11 6000 t x11-0
redis 6379 t
syslog-tls 6514 tu
ircs-u 6697 t
http-alt 8080 tu webcache
puppet 8140 t
secure-mqtt 8883 t
git 9418 t
zabbix-agent 10050 t
zabbix-trapper 10051 t
amanda 10080 t
nbd 10809 t
memcache 11211 tu memcached
hkp 11371 t
mongodb 27017 t
`

// protocols is /etc/protocols, from IANA's "Assigned Internet Protocol Numbers".
const protocols = `ip	0	IP
icmp	1	ICMP
igmp	2	IGMP
ggp	3	GGP
ipencap	4	IP-ENCAP
st	5	ST
tcp	6	TCP
egp	8	EGP
igp	9	IGP
pup	12	PUP
udp	17	UDP
hmp	20	HMP
xns-idp	22	XNS-IDP
rdp	27	RDP
iso-tp4	29	ISO-TP4
dccp	33	DCCP
xtp	36	XTP
ddp	37	DDP
idpr-cmtp	38	IDPR-CMTP
ipv6	41	IPv6
ipv6-route	43	IPv6-Route
ipv6-frag	44	IPv6-Frag
idrp	45	IDRP
rsvp	46	RSVP
gre	47	GRE
esp	50	IPSEC-ESP
ah	51	IPSEC-AH
skip	57	SKIP
ipv6-icmp	58	IPv6-ICMP
ipv6-nonxt	59	IPv6-NoNxt
ipv6-opts	60	IPv6-Opts
vmtp	81	VMTP
eigrp	88	EIGRP
ospf	89	OSPFIGP
ax.25	93	AX.25
ipip	94	IPIP
etherip	97	ETHERIP
encap	98	ENCAP
pim	103	PIM
ipcomp	108	IPCOMP
vrrp	112	VRRP
l2tp	115	L2TP
isis	124	ISIS
sctp	132	SCTP
fc	133	FC
mobility-header	135	Mobility-Header
udplite	136	UDPLite
mpls-in-ip	137	MPLS-in-IP
manet	138
hip	139	HIP
shim6	140	Shim6
wesp	141	WESP
rohc	142	ROHC
ethernet	143	Ethernet
`

// servicesFile returns services as services(5) has them.
func servicesFile() string {
	var b strings.Builder
	for line := range strings.Lines(services) {
		f := strings.Fields(line)
		for _, protocol := range f[2] {
			name := "tcp"
			if protocol == 'u' {
				name = "udp"
			}
			b.WriteString(f[0] + "\t" + f[1] + "/" + name)
			for _, other := range f[3:] {
				b.WriteString("\t" + other)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
