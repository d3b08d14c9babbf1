import { LOST_LETTER } from '../engine/reply.ts';

/**
 * What servers of other countries say of the person they have no box for, in the words of each language. The rules
 * put sentences together from them, in either order: "Empfänger unbekannt", "unbekannter Empfänger".
 */
type Language = {
  name: string;
  /** Who the mail is for: the person, the box, the address. */
  recipient: string;
  /** There is no such one. */
  unknown: string;
  /** There was one, or is, and it takes no mail. */
  closed: string;
  full: string;
  /** Who sends. What is said with these words is not about the recipient. */
  sender: string;
};

const LANGUAGES: readonly Language[] = [
  {
    name: 'German',
    recipient:
      'benutzer|nutzer|empfänger|adressat|adresse|postfach|mailbox|konto|account|teilnehmer|kunde|mitarbeiter|person\\b',
    unknown:
      'unbekannt|niemand|existiert (?:hier |leider |bei uns |so )?nicht|nicht (?:mehr )?(?:bekannt|vorhanden|gefunden|existent|gültig|vergeben|registriert|eingerichtet|angelegt|zugeordnet|aufgeführt|zustellbar|erreichbar|verfügbar)|gibt es (?:hier |bei uns )?(?:nicht|kein)|ungültig|gelöscht|fehlerhaft|nicht (?:korrekt|richtig)|kein(?:e|en)? solche|kein(?:e|en)? gültige|verzogen|ausgeschieden|nicht mehr (?:bei uns|tätig)',
    closed:
      'deaktiviert|gesperrt|inaktiv|stillgelegt|abgelaufen|gekündigt|geschlossen|abgeschaltet|archiviert|eingefroren|aufgelöst|nicht (?:mehr )?(?:aktiv|genutzt|benutzt|verwendet|in gebrauch|abgerufen|betreut)|nimmt keine (?:\\S{1,14} ){0,2}(?:mehr )?(?:an|entgegen)',
    full: 'voll\\b|überfüllt|erschöpft|speicherplatz|kontingent',
    sender:
      'absender|versender|ihre? (?:adresse|konto|server|domain|ip|mailserver)|ihr(?:e|en|em|er) (?:server|domain|ip)',
  },
  {
    name: 'French',
    recipient:
      'utilisateur|destinataire|adresse|boîte|compte|usager|messagerie|abonné|correspondant|courriel|annuaire|personne\\b',
    unknown:
      "inconnu|inexistant|n'existe|introuvable|non trouvé|invalide|erroné|incorrect|(?:non|pas) (?:valide|reconnu|répertorié|enregistré|trouvé)|pas été trouvé|supprimé|a changé|n'a pas de|aucun|pas d'",
    closed:
      "désactivé|suspendu|fermé|clôturé|bloqué|archivé|expiré|résilié|inacti[fv]|(?:plus|pas) acti[fv]|n'accepte plus|verrouillé|hors service|plus (?:utilisé|en service)|gelé",
    full: 'plein|saturé|dépassé|insuffisant',
    sender: 'expéditeur|émetteur|votre (?:adresse|serveur|domaine|ip|compte)',
  },
  {
    name: 'Spanish',
    recipient: 'usuario|destinatario|buzón|cuenta|dirección|correo|casilla|empleado|cliente|persona\\b',
    unknown:
      'desconocid|no existe|inexistente|no (?:ha sido |fue |se ha |se |está |es )?(?:encontrad|encuentra|encontró|halla|reconoc|válid|registrad)|inválid|erróne|incorrect|eliminad|borrad|dad[oa] de baja|no pertenece|ya no (?:trabaja|labora)|no tiene (?:una )?(?:cuenta|buzón|correo)|no hay|ningun|ningún',
    closed:
      'deshabilitad|inhabilitad|suspendid|desactivad|inactiv|bloquead|cerrad|cancelad|caducad|expirad|ha (?:expirado|caducado)|no (?:está |se encuentra |es )?activ|fuera de servicio|archivad|ya no (?:acepta|recibe|está)',
    full: 'llen[oa]\\b|excedid|sin espacio|espacio insuficiente|superad',
    sender: 'remitente|emisor|(?:su|tu) (?:servidor|dominio|ip|dirección)',
  },
  {
    name: 'Portuguese',
    recipient: 'usuário|destinatário|conta\\b|caixa|endereço|utilizador|correio|e-?mail|pessoa',
    unknown:
      'desconhecid|não existe|inexistente|não (?:foi |está |é )?(?:encontrad|localizad|reconhecid|válid|cadastrad|registrad|registad)|inválid|incorret|excluíd|removid|apagad|não pertence|nenhum',
    closed:
      'desativad|desactivad|suspens|inativ|bloquead|encerrad|cancelad|expirad|desabilitad|não (?:está )?ativ|fora de serviço|arquivad|não aceita mais',
    full: 'chei[oa]\\b|lotad|excedid|sem espaço',
    sender: 'remetente|seu (?:servidor|domínio|ip|endereço)',
  },
  {
    name: 'Italian',
    recipient: 'utente|destinatario|casella|indirizzo|account|mailbox|utenza|persona\\b',
    unknown:
      "sconosciut|non esist|inesistent|non (?:è |e' )?(?:stat[oa] )?(?:trovat|valid|riconosciut|present|registrat|conosciut)|errat|non corrett|cancellat|eliminat|rimoss|nessun",
    closed:
      "disabilitat|disatt?tivat|sospes|bloccat|chius|scadut|inattiv|cessat|dismess|inutilizz|archiviat|non (?:è |e' )?(?:più |piu' )?(?:attiv|in uso|utilizzat)",
    full: 'pien[oa]\\b|esaurit|superat|spazio insufficiente',
    sender: 'mittente|(?:suo|tuo|vostro) (?:server|dominio|ip|indirizzo)',
  },
  {
    name: 'Dutch',
    recipient: 'gebruiker|ontvanger|geadresseerde|adres|mailbox|postbus|postvak|account|abonnee|persoon',
    unknown:
      'onbekend|bestaat (?:hier )?niet|niet (?:meer )?(?:gevonden|bekend|geldig|herkend|aanwezig|geregistreerd|beschikbaar)|ongeldig|verwijderd|onjuist|geen geldig',
    closed:
      'uitgeschakeld|opgeschort|geblokkeerd|gesloten|gedeactiveerd|inactief|opgeheven|verlopen|opgezegd|niet (?:meer |langer )?(?:actief|in gebruik)|vergrendeld|bevroren|gearchiveerd',
    full: 'vol\\b|overschreden',
    sender: 'afzender|uw (?:server|domein|ip|adres)',
  },
  {
    name: 'Polish',
    recipient: 'użytkownik|odbiorc|skrzynk|kont[oa]\\b|adres|klient|abonent|osoba',
    unknown:
      'nie istniej|nieznan|nie (?:został[oa]? )?(?:znalezion|odnalezion)|nieprawidłow|niepoprawn|nie ma|usunięt|skasowan|nie figuruj|błędn|brak',
    closed:
      'zablokowan|nieaktywn|wyłączon|zawieszon|wygasł|zamknięt|zlikwidowan|dezaktywowan|zarchiwizowan|nie jest (?:już )?aktywn',
    full: 'pełn|przepełnion|zapełnion|brak miejsca|przekroczon',
    sender: 'nadawc|twój (?:adres|serwer)|twojego|państwa',
  },
  {
    name: 'Czech and Slovak',
    recipient: 'uživatel|adresát|adres[auy]|schránk|příjemc|účet|užívateľ|používateľ|príjemc|konto|osoba',
    unknown:
      'neexistuj|neznám|nenalezen|neplatn|nebyl[aoy]? nalez|nebol[aoi]? nájden|nenájden|smazán|zmazan|zrušen|není (?:znám|platn)|nie je (?:znám|platn)|chybn',
    closed: 'zablokován|zablokovan|neaktivn|neaktívn|deaktivován|deaktivovan|pozastaven|uzamčen|vypršel|ukončen',
    full: 'plná|naplněn|překročen|prekročen',
    sender: 'odesílatel|odosielateľ|váš (?:server|adresa)|vaše (?:ip|adresa)',
  },
  {
    name: 'Swedish, Danish and Norwegian',
    recipient:
      'användar|mottagar|adress|brevlåd|postlåd|konto|bruger|modtager|postkass|mottaker|bruker|mailboks|e-?post|e-?mail-?adresse',
    unknown:
      'finns (?:inte|ej)|okänd|existerar inte|ogiltig|hittades inte|(?:inte|ej) hittas|borttag|felaktig|findes ikke|ukendt|ugyldig|eksisterer ikke|(?:blev |ble )?ikke (?:fundet|funnet|kendt|kjent)|kunne ikke findes|slettet|finnes ikke|ukjent',
    closed:
      'inaktiv|avslutat|avslutad|spärra|stängd|stängt|avstängd|nedlag|deaktiver|lukket|spærret|stengt|sperret|suspender|avsluttet|utløpt|udløbet|utgått|(?:ikke|inte) (?:lenger |længere |längre )?(?:aktiv|i bru)',
    full: 'full\\b|fuld\\b|fyldt|överskrid|overskred',
    sender: 'avsändar|afsender|avsender|din (?:server|ip|adress)',
  },
  {
    name: 'Finnish',
    recipient: 'käyttäjä|vastaanottaj|osoite|osoitet|postilaatikko|postilaatikkoa|sähköposti',
    unknown: 'ei ole olemassa|tuntemat|ei löyd|ei löyt|virheelli|poistettu|ei ole voimassa|ei kelpaa',
    closed: 'suljettu|lukittu|ei ole käytössä|ei ole (?:enää )?(?:aktiivi|käyt)|passiivi|poistettu käytöstä',
    full: 'täynnä|täysi',
    sender: 'lähettäj',
  },
  {
    name: 'Hungarian',
    recipient: 'felhasználó|címzett|postafiók|fiók|postaláda|e-?mail cím',
    unknown: 'nem létez|ismeretlen|nem található|érvénytelen|töröl|hibás|nincs ilyen|nem ismert',
    closed: 'letilt|felfüggeszt|megszűn|megszün|inaktív|zárol|lejárt|lezár',
    full: 'megtelt|betelt|tele van',
    sender: 'feladó|küldő',
  },
  {
    name: 'Romanian',
    recipient: 'utilizator|destinatar|căsuț|cont(?:ul)?\\b|adres',
    unknown: 'necunoscut|inexistent|nu exist|nu a fost găsit|invalid|nu este (?:valid|recunoscut|înregistrat)|șters',
    closed: 'dezactivat|suspendat|blocat|închis|inactiv|expirat|nu (?:mai )?este activ',
    full: 'plină|depășit',
    sender: 'expeditor',
  },
  {
    name: 'Turkish',
    recipient: 'kullanıcı|alıcı|adres|hesap|hesab|posta kutusu|e-?posta|abone',
    unknown:
      'bulunamad|bulunmamakta|bulunmuyor|mevcut değil|kayıtlı değil|tanımlı değil|geçersiz|bilinmey|bilinmiyor|bilinmemekte|tanınm|hatalı|silinmiş|silindi|yoktur|böyle bir',
    closed: 'devre dışı|askıya|kapatıl|kapalı|pasif|aktif değil|engellen|dondurul|süresi dol|kilitli|iptal',
    full: 'dolu\\b|dolmuş|kotası',
    sender: 'gönderen|gönderici',
  },
  {
    name: 'Greek',
    recipient: 'χρήστη|παραλήπτη|διεύθυνσ|λογαριασμ|θυρίδα|γραμματοκιβώτι',
    unknown: 'δεν υπάρχει|άγνωστ|δεν βρέθηκε|μη έγκυρ|δεν είναι έγκυρ|άκυρ|ανύπαρκτ',
    closed: 'απενεργοποι|ανασταλ|σε αναστολή|κλειστ|ανενεργ|κλειδωμ',
    full: 'πλήρη|γεμάτ',
    sender: 'αποστολέ',
  },
  {
    name: 'Russian, Ukrainian, Bulgarian and Serbian',
    recipient:
      'пользовател|получател|ящик|адрес|абонент|аккаунт|учетн|учётн|користувач|одержувач|отримувач|скриньк|акаунт|потребител|кутия|корисник|прималац|сандуче',
    unknown:
      'не существу|не найден|неизвестн|не зарегистр|недейств|отсутству|удален|удалён|не обнаружен|неверн|некорректн|не числится|нет так|больше нет|не знайден|не існує|невідом|видален|не зареєстр|недійсн|не съществува|не е намерен|непознат|невалид|не постоји|непостојећ',
    closed:
      'заблокирован|отключен|отключён|неактив|не актив|закрыт|приостановлен|деактивирован|заморожен|не используется|не обслуживается|заблоковано|вимкнен|призупинен|закрит|блокиран|затворен|архивирован',
    full: 'переполнен|полон|заполнен|переповнен|превышен|препълнен',
    sender: 'отправител|відправник|подател|пошиљалац|ваш (?:сервер|адрес|домен|ip)|вашего',
  },
  {
    name: 'Croatian and Slovenian',
    recipient: 'korisnik|primatelj|primalac|adresa|sandučić|račun|uporabnik|prejemnik|naslov|predal',
    unknown: 'ne postoji|nepoznat|nije pronađen|nevažeć|ne obstaja|neznan|ni najden|ni bil najden|neveljav',
    closed: 'onemogućen|blokiran|zatvoren|suspendiran|neaktivan|onemogočen|zaprt|deaktiviran',
    full: 'puna?\\b|poln[ai]?\\b',
    sender: 'pošiljatelj|pošiljalac',
  },
  {
    name: 'Baltic languages',
    recipient: 'vartotoj|gavėj|adresat|pašto dėžut|lietotāj|saņēmēj|adrese|kasutaja|adressaat|postkast',
    unknown: 'neraast|nerast|neegzist|nežinom|nav atrast|neeksist|nezinām|ei leitud|ei eksist|tundmatu',
    closed: 'užblokuot|neaktyv|bloķēt|neaktīv|suletud|blokeeritud',
    full: 'perpildyt|pilna|täis',
    sender: 'siuntėj|sūtītāj|saatja',
  },
  {
    name: 'Catalan',
    recipient: 'usuari|bústia|adreça|destinatari|compte',
    unknown: "desconegu|no existeix|no (?:s'ha )?trobat|inexistent|no vàlid",
    closed: 'desactivad|suspès|suspesa|bloquejad|tancad|caducad',
    full: 'plena?\\b|excedid',
    sender: 'remitent',
  },
  {
    name: 'Chinese',
    recipient: '用户|用戶|收件人|邮箱|郵箱|账号|帐号|帐户|账户|帳號|帳戶|地址|收信人|信箱|使用者|收件者|收件地址',
    unknown:
      '不存在|无效|無效|未找到|找不到|错误|錯誤|不正确|查无|查無|没有此|沒有此|无此|無此|未注册|未註冊|不是有效|未开通|已删除|已刪除|不明',
    closed: '停用|禁用|锁定|鎖定|冻结|凍結|注销|註銷|过期|過期|关闭|關閉|暂停|暫停|失效|封停|被封|已停止',
    full: '已满|已滿|空间不足|空間不足|容量',
    sender: '发件人|寄件|发信|寄信|发送者|您的ip',
  },
  {
    name: 'Japanese',
    recipient: 'ユーザ|宛先|宛て先|あて先|アドレス|受信者|メールボックス|アカウント|送信先|受取人',
    unknown:
      '存在しません|存在しない|存在せず|見つかりません|見つからない|不明|ありません|登録されていません|登録されていない|無効|誤り|間違|該当',
    closed: '停止|無効化|休止|利用できません|削除|閉鎖|解約|凍結|ロックされ|使われていません|使用されていません',
    full: '一杯|いっぱい|容量',
    sender: '送信者|差出人|発信元|送信元',
  },
  {
    name: 'Korean',
    recipient: '사용자|수신자|계정|메일 ?주소|받는 ?사람|메일함|편지함|수신인|회원|이메일',
    unknown: '존재하지 않|없습니다|없는|찾을 수 없|찾지 못|잘못된|유효하지 않|등록되지 않|알 수 없|탈퇴',
    closed: '휴면|정지|비활성|중지|잠금|잠긴|만료|해지|폐쇄',
    full: '용량|가득|초과',
    sender: '발신자|보낸 ?사람|발송자|송신자',
  },
  {
    name: 'Vietnamese',
    recipient: 'người dùng|người nhận|hộp thư|địa chỉ|tài khoản',
    unknown: 'không tồn tại|không tìm thấy|không hợp lệ|không xác định|không đúng|đã bị xóa',
    closed: 'bị khóa|vô hiệu|tạm ngưng|ngừng hoạt động|hết hạn|đã đóng|đình chỉ',
    full: 'đầy|vượt quá',
    sender: 'người gửi',
  },
  {
    name: 'Indonesian and Malay',
    recipient: 'pengguna|penerima|kotak surat|alamat|akun\\b|akaun',
    unknown: 'tidak (?:ada|ditemukan|dikenal|valid|terdaftar|wujud|dijumpai|sah)',
    closed: 'dinonaktifkan|ditangguhkan|nonaktif|tidak aktif|diblokir|ditutup|kedaluwarsa|digantung',
    full: 'penuh',
    sender: 'pengirim',
  },
  {
    name: 'Thai',
    recipient: 'ผู้ใช้|ผู้รับ|กล่องจดหมาย|ที่อยู่|บัญชี',
    unknown: 'ไม่พบ|ไม่มี|ไม่ถูกต้อง|ไม่รู้จัก',
    closed: 'ถูกระงับ|ปิดใช้งาน|หมดอายุ|ถูกปิด',
    full: 'เต็ม',
    sender: 'ผู้ส่ง',
  },
  {
    name: 'Arabic and Persian',
    recipient: 'مستخدم|المستلم|صندوق|العنوان|حساب|کاربر|گیرنده|آدرس',
    unknown: 'غير موجود|غير معروف|غير صالح|غير صحيح|لا يوجد|لم يتم العثور|وجود ندارد|یافت نشد|نامعتبر|ناشناخته',
    closed: 'معطل|موقوف|معلق|مغلق|غير نشط|محظور|غیرفعال|مسدود',
    full: 'ممتلئ|پر است',
    sender: 'المرسل|فرستنده',
  },
  {
    name: 'Hebrew',
    recipient: 'משתמש|נמען|תיבת|תיבה|כתובת|חשבון',
    unknown: 'לא קיים|לא קיימת|לא נמצא|לא ידוע|אינו קיים|אינה קיימת|לא חוקי|לא תקינ|שגוי',
    closed: 'מושבת|מושעה|חסום|סגור|לא פעיל|נעול',
    full: 'תיבה מלאה|מלאה',
    sender: 'שולח',
  },
];

type Said = 'unknown' | 'closed' | 'full';

const TWO_LETTERS: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' };

/** The patterns by which a language says this of a recipient, for every language two. */
export const saidAbroad = (said: Said): string[] =>
  LANGUAGES.flatMap((language) => {
    const who = tolerant(language.recipient);
    const what = tolerant(language[said]);
    return [`(?:${who}).{0,48}(?:${what})`, `(?:${what}).{0,16}(?:${who})`];
  });

/** The same where a reply opens with it. */
export const openingAbroad = (said: Said): string[] =>
  LANGUAGES.flatMap((language) => {
    const who = tolerant(language.recipient);
    const what = tolerant(language[said]);
    return [
      String.raw`^(?:<a>:? )?(?:\S{1,14} ){0,2}(?:${who}).{0,24}(?:${what})`,
      String.raw`^(?:<a>:? )?(?:\S{1,14} ){0,2}(?:${what}).{0,12}(?:${who})`,
    ];
  });

export const SENDERS_ABROAD: readonly string[] = LANGUAGES.map(({ sender }) => tolerant(sender));

/** "For a time": what is closed for a time is no dead address. */
export const FOR_NOW_ABROAD = tolerant(
  'vorübergehend|zeitweilig|temporairement|temporalmente|temporariamente|temporaneamente|tijdelijk|tymczasowo|dočasně|dočasne|tillfällig|midlertidig|väliaikai|átmenetileg|geçici|προσωριν|временно|тимчасово|privremeno|暂时|暫時|一時的|일시|tạm thời|sementara|مؤقت|זמני',
);

/**
 * The words as they are, which match without accents too; as servers write them that have no accents ("ae" for "ä");
 * and with the sign for a letter that got lost on the way.
 */
function tolerant(words: string): string {
  const options = optionsOf(words);
  const all = options.flatMap((option) => [
    option,
    option.replace(/[äöüåø]/g, (letter) => TWO_LETTERS[letter] ?? letter),
    option.replace(/[\u00c0-\u024f]$/, '').replace(/[\u00c0-\u024f]/g, LOST_LETTER),
  ]);
  return [...new Set(all)].join('|');
}

/** The alternatives of a pattern that are not inside a group. */
function optionsOf(words: string): string[] {
  return words.match(/(?:\((?:[^()]|\([^()]*\))*\)|[^()|])+/g) ?? [];
}
